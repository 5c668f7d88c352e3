import { addressOf } from '../plan/inside.ts';
import { METRICS } from '../plan/monitor-step.ts';
import type { Plan, ProcessKind, Step } from '../plan/plan.ts';
import { directiveLine } from './directive-line.ts';
import type { Runtime } from './runtime.ts';
import { quoteWord, wrapCommand } from './shell.ts';
import { compile } from './template.ts';

/** `job.sbatch`: directives, one launch a step, and what to wait for. */
export function jobScript(plan: Plan, runtime: Runtime, template: string): string {
  return compile(template)({
    ...startContext(plan),
    ...readinessContext(plan),
    ...runtimeContext(runtime),
    directives: plan.directives.map(directiveLine),
    login: plan.shells.login,
    about: `${plan.name}: ${counted(plan.workers.length, 'worker')} on ${counted(plan.nodes.length, 'node')}, ${counted(plan.gpus.used, 'GPU')}. Rendered by dyn-slurm.`,
    policies: policies(plan),
    lost: plan.readiness.lost,
    groups: groups(plan),
    metrics: plan.steps.filter(({ name }) => name === METRICS).map(launch),
    bench: plan.steps.filter(({ kind }) => kind === 'bench').map(launch),
  });
}

/** What a script checks before it sources the runtime. */
export function runtimeContext({ names, sha256 }: Runtime) {
  return { runtime: { sha256, lines: wrapCommand(names, 110) } };
}

/** The workers whose nodes are to be close to each other, and whether NVLink may reach from one node to the other. */
function seating({ workers, racks }: Plan): readonly string[] {
  const spans = workers.filter(({ nodes }) => nodes.length > 1);
  return [
    ...spans.map(({ name, nodes }) => ['span', name, ...nodes].join(' ')),
    ...(racks && spans.length > 0 ? [`expect_racks ${racks.segment}`] : []),
  ];
}

/** What `begin` and `ask_nodes` of lib.sh take. */
export function startContext(plan: Plan) {
  const { readiness, nodes, shells } = plan;
  return {
    seating: seating(plan),
    tls: plan.etcdGuard === 'certificate',
    preamble: shells.preamble !== '',
    modules: shells.modules,
    deadline: readiness.deadline,
    stall: readiness.stall,
    drain: readiness.drain,
    lease: readiness.lease,
    localDir: plan.localDir,
    nodes: nodes.length,
    interfaces: plan.interfaces,
  };
}

/** What `expect` and `await_ready` of lib.sh take. */
export function readinessContext({ readiness, requests }: Plan) {
  return {
    expected: readiness.endpoints.map((endpoint, index) => ({
      ...endpoint,
      etcdRange: requests.counts[index],
    })),
    model: readiness.model,
    readyPath: requests.path,
    completion: requests.completion,
    etcd: requests.etcd,
    entry: requests.entry,
    frontends: requests.frontends,
  };
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

/** Roles whose workers may be started again, or lost. */
function policies({ workers }: Plan): readonly string[] {
  const roles = workers.filter(({ index }) => index === 0);
  return roles.flatMap(({ role, restarts, critical }) => [
    ...(restarts === 0 ? [] : [`restart_workers ${role} ${restarts}`]),
    ...(critical ? [] : [`spare_workers ${role}`]),
  ]);
}

/** Steps that start together, and what has to answer before the next ones start. */
const STAGES: readonly { readonly title: string; readonly kinds: readonly ProcessKind[] }[] = [
  { title: 'The container image, once for all nodes.', kinds: ['image'] },
  {
    title:
      "One container on each node, in which all its steps run.\n# shellcheck disable=SC2016 # the nodes' bash expands it",
    kinds: ['container', 'cleanup'],
  },
  {
    title: 'All at once; workers and frontends wait for etcd and NATS themselves.',
    kinds: ['worker', 'etcd', 'nats', 'frontend', 'nginx', 'monitor'],
  },
];

function groups(plan: Plan): readonly object[] {
  return STAGES.flatMap(({ title, kinds }) => {
    const steps = kinds.flatMap((kind) =>
      plan.steps.filter((step) => step.kind === kind && step.name !== METRICS),
    );
    if (steps.length === 0) return [];
    const awaits = steps.flatMap(awaitLines);
    return [{ title, steps: steps.map(launch), awaits }];
  });
}

/** What `launch` of lib.sh takes. */
export function launch(step: Step): object {
  return {
    name: step.name,
    kind: step.kind,
    role: step.role ?? '',
    nodes: step.nodes,
    lines: wrapCommand(step.srun, 100),
  };
}

/** What has to answer before other steps can start. */
export function awaitLines(step: Step): readonly string[] {
  switch (step.kind) {
    case 'image':
      return [`await_image ${step.name} ${quoteWord(step.argv.at(-1) ?? '')}`];
    case 'container':
      return [`await_container ${step.name}`];
    case 'etcd':
      return awaitEtcd(step);
    case 'nats':
      return [`await_service ${step.name} nats_answers ${quoteWord(addressOf(step, 'nats'))}`];
    case 'frontend':
    case 'nginx':
      return [`await_service ${step.name} http_answers ${quoteWord(addressOf(step, step.kind))} /live`];
    case 'cleanup':
    case 'worker':
    case 'monitor':
    case 'bench':
      return [];
    default:
      return step.kind satisfies never;
  }
}

function awaitEtcd(step: Step): readonly string[] {
  const at = quoteWord(addressOf(step, 'etcd-client'));
  const guard = step.ports[0]?.guard;
  if (guard === 'password')
    return [`await_service ${step.name} locked_etcd_answers ${at}`, `enter_etcd ${at}`];
  const answers = `await_service ${step.name} etcd_answers ${at}`;
  return guard === 'none' ? [answers] : [answers, 'tell_certificate'];
}
