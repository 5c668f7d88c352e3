import type { Job } from '../config/job.ts';
import type { Plan, PlanNode, Port, Process, Step, Word } from '../plan/plan.ts';
import { srunCommand } from '../plan/step.ts';
import { commandLines, quote, quoteCommand, quoteWord } from '../render/shell.ts';
import { span } from './span.ts';
import { ranges, table } from './table.ts';
import { count } from './wording.ts';

/** A plan for people: size and cost, nodes, workers, ports, commands. */
export function planText(plan: Plan, job: Job): string {
  const sections: [string, string][] = [
    ['Nodes', nodes(plan)],
    ['Workers', workers(plan)],
    ['Ports', ports(plan)],
    ['Commands', [KNOWN_LATER, ...plan.steps.map((step) => command(step, job))].join('\n')],
  ];
  return `${plan.name}: ${summary(plan, job)}\n${sections.map(([title, text]) => `\n${title}\n${indent(text)}`).join('')}`;
}

/** `8 nodes × 8 h100 = 64 GPUs for up to 4h, 256 GPU-hours`. */
export function summary(plan: Plan, job: Job): string {
  const { gpus } = plan;
  const idle = gpus.used < gpus.total ? ` (${gpus.total - gpus.used} idle)` : '';
  const size = `${count(plan.nodes.length, 'node')} × ${gpus.perNode} ${gpus.model} = ${count(gpus.total, 'GPU')}${idle}`;
  return `${size} for up to ${span(job.slurm.time)}, ${gpuHours(plan, job)} GPU-hours`;
}

/** What the job may cost at most: the whole allocation for its whole time. */
export function gpuHours(plan: Plan, job: Job): number {
  return Math.round((plan.gpus.total * job.slurm.time) / 36) / 100;
}

/** Nodes that do the same are one row: a worker of 12 nodes is not 12 lines. */
function nodes({ nodes, gpus }: Plan): string {
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
  );
}

function workers(plan: Plan): string {
  return table(
    ['worker', 'nodes', 'leader', 'GPUs on each', 'tp', 'pp', 'dp', 'ep'],
    plan.workers.map(({ name, nodes, leader, gpus, tp, pp, dp, ep }) => [
      name,
      ranges(nodes),
      String(leader),
      ranges(gpus) || 'none',
      ...[tp, pp, dp, ep].map(String),
    ]),
  );
}

function ports(plan: Plan): string {
  const taken = plan.processes.flatMap((process) => process.ports.map((port) => ({ process, port })));
  const same = ({ process, port }: { process: Process; port: Port }) =>
    `${process.name} ${port.port} ${port.use}`;
  return table(
    ['node', 'port', 'for', 'step'],
    grouped(taken, same)
      .map((group) => ({ nodes: group.map(({ process }) => process.nodeIndex), ...group[0] }))
      .toSorted((a, b) => (a.nodes[0] ?? 0) - (b.nodes[0] ?? 0) || a.port.port - b.port.port)
      .map(({ nodes, port, process }) => [ranges(nodes), portRange(port), port.use, process.name]),
  );
}

export function portRange({ port, count }: Port): string {
  return count === 1 ? `${port}` : `${port}-${port + count - 1}`;
}

const KNOWN_LATER =
  '${NODE[i]}, ${NODE_IP[i]}, ${SELF_IP}, ${RUN_DIR} and ${LOCAL_DIR} are known when the job runs.\n';

function command(step: Step, job: Job): string {
  const env = Object.entries(step.env).map(([name, value]) => `${name}=${quoteWord(value)}`);
  const secrets = Object.keys(step.secrets).map((name) => `${name}=${quote('(secret)')}`);
  const where = `${step.nodes.length === 1 ? 'node' : 'nodes'} ${ranges(step.nodes)}`;
  return [
    `${step.name} on ${where}`,
    `  ${filled(srunCommand(step, job)).join(BREAK)}`,
    ...[...env, ...secrets].map((line) => `  ${line}`),
    `  ${commandLines(step.argv).map(quoteCommand).join(BREAK)}`,
    '',
  ].join('\n');
}

/** Within a command, which stays paste-safe. */
const BREAK = ' \\\n    ';
const WIDTH = 100;

/** Words in lines of about the same width: srun's options differ little from step to step. */
function filled(words: readonly Word[]): readonly string[] {
  const lines: string[] = [];
  for (const word of words.map(quoteWord)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < WIDTH) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

function indent(text: string): string {
  return text.replace(/^(?=.)/gm, '  ');
}

/** Items with the same key, in the order of their first. */
function grouped<T>(items: readonly T[], key: (item: T) => string): readonly (readonly [T, ...T[]])[] {
  const groups = new Map<string, [T, ...T[]]>();
  for (const item of items) {
    const found = groups.get(key(item));
    if (found) found.push(item);
    else groups.set(key(item), [item]);
  }
  return [...groups.values()];
}
