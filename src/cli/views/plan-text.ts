import { asPlanned } from '../../argument.ts';
import { count } from '../../config/text/plural.ts';
import { alternatives } from '../../config/text/suggestion.ts';
import { ranges, span } from '../../format.ts';
import type { Plan, PlanNode, Port, Step } from '../../plan/plan.ts';
import { portRange } from '../../plan/ports.ts';
import type { PlannedSetup } from '../../plan/setup.ts';
import { commandLines, quote, quoteCommand, quoteWord } from '../../render/shell.ts';
import { grouped } from '../grouping.ts';
import type { Page } from '../world.ts';
import { filled, wrapped } from '../wrap.ts';
import { table } from './table.ts';

/** A plan for people: size and cost, what the topology says, nodes, workers, ports, commands. */
export function planText(plan: Plan, page: Page, notes: readonly string[] = []): string {
  const inner = { ...page, width: page.width - INDENT.length };
  const sections: [string, string][] = [
    ...notesSection(notes, plan, inner),
    ['Nodes', nodes(plan, inner)],
    ['Workers', workers(plan, inner)],
    ['Ports', listening(plan, inner)],
    ['Commands', [KNOWN_LATER, ...plan.steps.map((step) => command(step, inner))].join('\n')],
  ];
  const text = `${plan.name}: ${summary(plan)}\n${sections.map(([title, text]) => `\n${title}\n${indent(text)}`).join('')}`;
  return wrapped(text, page.width);
}

/** The notes of the job's topology. */
export function notesSection(
  notes: readonly string[],
  { topology }: Plan,
  { width }: Page,
): [string, string][] {
  if (notes.length === 0) return [];
  const lines = notes.map(
    (note) => `- ${filled(note.split(/\s+/), Math.min(100, width) - 6).join('\n  ')}\n`,
  );
  return [[`Notes of the topology ${topology}`, lines.join('')]];
}

/** `8 nodes × 8 h100 = 64 GPUs for up to 4h, 256 GPU-hours`. */
export function summary(plan: Plan): string {
  const { gpus } = plan;
  const idle = gpus.used < gpus.total ? ` (${gpus.total - gpus.used} idle)` : '';
  const size = `${count(plan.nodes.length, 'node')} × ${gpus.perNode} ${gpus.model} = ${count(gpus.total, 'GPU')}${idle}`;
  return `${size} for up to ${span(plan.timeLimit)}, ${gpuHours(plan)} GPU-hours`;
}

/** What the job may cost at most: the whole allocation for its whole time. */
export function gpuHours(plan: Plan): number {
  return Math.round((plan.gpus.total * plan.timeLimit) / 36) / 100;
}

/** Nodes that do the same are one row: a worker of 12 nodes is not 12 lines. */
function nodes({ nodes, gpus }: Plan, page: Page): string {
  const alike = grouped(nodes, (node: PlanNode) => JSON.stringify([node.roles, node.steps, node.gpusUsed]));
  return table(
    ['node', 'roles', 'steps', 'GPUs'],
    alike.map((group) => {
      const [{ roles, steps, gpusUsed }] = group;
      return [
        ranges(group.map(({ index }) => index)),
        roles.join(', '),
        steps.join(', '),
        `${gpusUsed} of ${gpus.perNode}`,
      ];
    }),
    page,
  );
}

function workers(plan: Plan, page: Page): string {
  return table(
    ['worker', 'nodes', 'leader', 'GPUs on each', 'tp', 'pp', 'dp', 'ep'],
    plan.workers.map(({ name, nodes, leader, gpus, gpuShare, tp, pp, dp, ep }) => [
      name,
      ranges(nodes),
      String(leader),
      gpuShare === undefined ? ranges(gpus) || 'none' : `${gpuShare} of ${ranges(gpus)}`,
      ...[tp, pp, dp, ep].map(String),
    ]),
    page,
  );
}

/** Who listens where, and what it asks of who connects. */
export function listening(plan: Plan, page: Page): string {
  const rows = portsOfNodes(plan).map(({ nodes, port, step }) => {
    const { address, guard } = port;
    return [
      ranges(nodes),
      portRange(port),
      port.use,
      address === 'node' ? 'of its node' : address,
      guard,
      step,
    ];
  });
  return `${table(['node', 'port', 'for', 'address', 'guard', 'step'], rows, page)}${movesText(plan)}`;
}

/** What happens where a port is taken. */
function movesText({ movable }: Plan): string {
  const [block] = movable;
  const distances = block?.instead.map((port) => String(port - block.port)) ?? [];
  if (distances.length === 0) return '';
  return `If one is in use, the job moves all of them by ${alternatives(distances)}; ports given in the config stay.\n`;
}

/** A port of a step, on all nodes where it is the same. */
export interface PortOfNodes {
  readonly nodes: readonly number[];
  readonly port: Port;
  readonly step: string;
}

/** Every port of a plan, by node and number. */
function portsOfNodes({ processes }: Plan): readonly PortOfNodes[] {
  const taken = processes.flatMap(({ name, nodeIndex, ports }) =>
    ports.map((port) => ({ step: name, node: nodeIndex, port })),
  );
  return grouped(taken, ({ step, port }) => `${step} ${port.port} ${port.use}`)
    .map((group) => ({ ...group[0], nodes: group.map(({ node }) => node) }))
    .toSorted((a, b) => a.node - b.node || a.port.port - b.port.port);
}

const KNOWN_LATER =
  '${NODE[i]}, ${NODE_IP[i]}, ${SELF_IP}, ${RUN_DIR}, ${LOCAL_DIR}, ${KERNELS} and ${GPU_MEMORY} are known once the job runs.\n';

function command(step: Step, page: Page): string {
  const width = Math.min(WIDTH, page.width - 8);
  const env = Object.entries({ ...step.kernels?.env, ...step.env }).map(
    ([name, value]) => `${name}=${quoteWord(asPlanned(value))}`,
  );
  const secrets = Object.keys(step.secrets).map((name) => `${name}=${quote('(secret)')}`);
  const where = `${step.nodes.length === 1 ? 'node' : 'nodes'} ${ranges(step.nodes)}`;
  return [
    `${step.name} on ${where}`,
    `  ${filled(step.srun.map(quoteWord), width).join(BREAK)}`,
    ...[...env, ...secrets].map((line) => `  ${line}`),
    ...(step.setups ?? []).map(setupText),
    `  ${commandLines(step.argv.map(asPlanned)).map(quoteCommand).join(BREAK)}`,
    ...(step.rankArgv ?? []).flatMap((words, rank) =>
      words.length === 0 ? [] : [`  on rank ${rank} also: ${quoteCommand(words.map(asPlanned))}`],
    ),
    ...(step.localEnv ?? []).map((own, rank) => {
      const words = Object.entries(own).map(([name, value]) => `${name}=${quoteWord(asPlanned(value))}`);
      return `  on local rank ${rank} of each node also: ${words.join(' ')}`;
    }),
    '',
  ].join('\n');
}

function setupText({ name, mode, deadline, commands, script }: PlannedSetup): string {
  const once = mode === 'node' ? ', once on each node' : '';
  const size = script?.trimEnd().split('\n').length ?? 0;
  const lines = commands?.flatMap((each) => each.split('\n')) ?? [`steps/${name}, ${count(size, 'line')}`];
  return [`  before it, ${name}, at most ${deadline} s${once}:`, ...lines.map((line) => `    ${line}`)].join(
    '\n',
  );
}

/** Within a command, which stays paste-safe. */
const BREAK = ' \\\n    ';
const WIDTH = 100;
const INDENT = '  ';

function indent(text: string): string {
  return text.replace(/^(?=.)/gm, INDENT);
}
