import { addressOf } from '../plan/exposure.ts';
import { METRICS } from '../plan/monitor-step.ts';
import type { Plan, ProcessKind, Step } from '../plan/plan.ts';
import { exitPolicy } from '../plan/policy.ts';
import { directiveLine } from './directive-line.ts';
import type { Runtime } from './runtime.ts';
import { quoteCommand, quoteWord, wrapCommand } from './shell.ts';
import { compile } from './template.ts';

/** `job.sbatch`: directives, one launch a step, and what to wait for. A session runs it as a step of its allocation. */
export function jobScript(plan: Plan, runtime: Runtime, template: string): string {
  return compile(template)({
    ...startContext(plan),
    ...readinessContext(plan),
    // What the script checks before it sources the runtime.
    runtime: { sha256: runtime.sha256, lines: wrapCommand(runtime.names, 110) },
    directives: plan.directives.map(directiveLine),
    login: plan.shells.login,
    about: `${plan.name}: ${counted(plan.workers.length, 'worker')} on ${counted(plan.nodes.length, 'node')}, ${counted(plan.gpus.used, 'GPU')}. Rendered by dyn-slurm.`,
    session: plan.mode === 'session',
    lost: plan.readiness.lost,
    hang: plan.hang && { ...plan.hang, canary: plan.hang.canary ? '1' : '' },
    routed: isRouted(plan),
    groups: groups(plan),
    answers: plan.steps.flatMap((step) => answers(step, plan)),
    last: lastSteps(plan),
  });
}

/**
 * The workers whose nodes are to be close to each other, in the order in which they choose: that of the head node, then the
 * largest; and whether NVLink may reach from one node to the other.
 */
function seating({ workers, racks }: Plan): readonly string[] {
  const isHead = (nodes: readonly number[]): number => Number(nodes[0] === 0);
  const spans = workers
    .filter(({ nodes }) => nodes.length > 1)
    .toSorted((a, b) => isHead(b.nodes) - isHead(a.nodes) || b.nodes.length - a.nodes.length);
  return [
    ...spans.map(({ name, nodes }) => ['span', name, ...nodes].join(' ')),
    ...(racks && spans.length > 0 ? [`expect_racks ${racks.segment}`] : []),
  ];
}

/** What `begin` and `find_nodes` of lib.sh take. */
function startContext(plan: Plan) {
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
function readinessContext({ readiness, requests }: Plan) {
  return {
    expected: readiness.endpoints.map((endpoint, index) => ({
      ...endpoint,
      etcdRange: requests.counts[index],
    })),
    model: readiness.model,
    readyPath: requests.path,
    sample: requests.sample ?? { what: '', path: '', body: '', proof: '' },
    surface: readiness.surface,
    etcd: requests.etcd,
    entry: requests.entry,
    frontends: requests.frontends,
  };
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

/** Steps that start together, and what has to answer before the next ones start. */
const STAGES: readonly { readonly title: string; readonly kinds: readonly ProcessKind[] }[] = [
  { title: 'The container image, once for all nodes.', kinds: ['image'] },
  {
    title:
      "One container on each node, in which all its steps run.\n# shellcheck disable=SC2016 # the nodes' bash expands it",
    kinds: ['container', 'cleanup'],
  },
  { title: 'Dynamo, once for all nodes and jobs.', kinds: ['install'] },
  {
    title: 'All at once; what needs others waits for them itself.',
    kinds: ['worker', 'etcd', 'nats', 'mooncake', 'frontend', 'nginx', 'monitor'],
  },
];

function groups(plan: Plan): readonly object[] {
  return STAGES.flatMap(({ title, kinds }) => {
    const steps = kinds.flatMap((kind) =>
      plan.steps.filter((step) => step.kind === kind && (step.name !== METRICS || plan.mode === 'session')),
    );
    if (steps.length === 0) return [];
    const awaits = steps.flatMap((step) => awaitLines(step, plan));
    const before = steps.flatMap((step) => preparation(step, plan));
    return [{ title, before, steps: steps.map((step) => launch(step, plan)), awaits }];
  });
}

/** What follows once the service is ready. */
function lastSteps(plan: Plan): readonly object[] {
  const { mode, benchOnDemand } = plan;
  const metrics = plan.steps.filter(({ name }) => name === METRICS && mode === 'job');
  const configured = plan.steps.filter(({ kind }) => kind === 'bench');
  const ends = mode === 'job' && configured.length > 0;
  const bench = benchOnDemand ? [benchOnDemand] : configured;
  return [
    ...metrics.map((step) => ({
      title: 'Samples of what the service says of its load.',
      steps: [launch(step, plan)],
    })),
    {
      title: ends ? 'The job ends with its benchmark.' : 'What `dyn-slurm bench` may start.',
      steps: bench.map((step) => ({ ...launch(step, plan), verb: ends ? 'launch' : 'plan_step' })),
    },
  ];
}

/** What `launch` of lib.sh takes. A session's workers are started by a command. */
function launch(step: Step, { mode, workers }: Plan): object {
  return {
    verb: mode === 'session' && step.kind === 'worker' ? 'plan_step' : 'launch',
    name: step.name,
    kind: step.kind,
    role: step.role ?? '',
    policy: exitPolicy(step, workers, mode),
    nodes: step.nodes,
    lines: wrapCommand(step.srun, 100),
  };
}

/** Whether workers have servers of their own, and a router, if there is one, is told where they are: without Dynamo. */
export function isRouted({ steps }: Pick<Plan, 'steps'>): boolean {
  return steps.some(({ kind, ports }) => kind === 'worker' && ports.some(({ use }) => use === 'server'));
}

/** The address and path at which a step that a command has started shows that it serves, and the words of that answer. */
function answers(step: Step, { readiness, requests }: Plan): readonly object[] {
  const { name, kind, ports } = step;
  if (kind === 'frontend' || kind === 'nginx')
    return [{ name, address: addressOf(step, kind), path: requests.live, words: '' }];
  if (kind === 'worker' && ports.some(({ use }) => use === 'server'))
    return [{ name, address: addressOf(step, 'server'), path: '/health', words: '' }];
  if (kind !== 'worker' || !step.ports.some(({ use }) => use === 'system')) return [];
  // The metrics of an endpoint appear with it. /health would have workers log an error for every look before, and
  // mock engines for ever.
  const own = readiness.endpoints.find(({ role }) => role === step.role)?.endpoint;
  const words = own === undefined ? 'dynamo_endpoint=' : `dynamo_endpoint="${own}"`;
  return [{ name, address: addressOf(step, 'system'), path: '/metrics', words }];
}

/** What has to be right before a step starts. */
function preparation({ kind, name, kernels }: Step, { install, steps }: Plan): readonly string[] {
  if (kernels !== undefined) {
    const folder = quoteWord(kernels.folder);
    const first = steps.find((step) => step.kernels && quoteWord(step.kernels.folder) === folder);
    return first?.name === name ? [`prepare_kernels ${folder}`] : [];
  }
  if (kind !== 'install' || install === undefined) return [];
  return [`prepare_cache ${quoteCommand([install.cache, ...(install.group ? [install.group] : [])])}`];
}

/** What has to answer before other steps can start. */
function awaitLines(step: Step, plan: Plan): readonly string[] {
  switch (step.kind) {
    case 'image':
      return [`await_image ${step.name} ${quoteWord(step.argv.at(-1) ?? '')}`];
    case 'install':
      return [
        `await_install ${step.name} ${plan.install?.limit ?? 0} ${quoteWord(plan.install?.cache ?? '')}`,
      ];
    case 'container':
      return [`await_container ${step.name}`];
    case 'etcd':
      return awaitEtcd(step);
    case 'nats':
      return [`await_service ${step.name} nats_answers ${quoteWord(addressOf(step, 'nats'))}`];
    case 'mooncake':
      return [`await_service ${step.name} port_answers ${quoteWord(addressOf(step, 'mooncake'))}`];
    case 'frontend':
    case 'nginx':
      // A session watches them like workers; and routers come after the workers.
      if (plan.mode === 'session' || isRouted(plan)) return [];
      return [
        `await_service ${step.name} http_answers ${quoteWord(addressOf(step, step.kind))} ${plan.requests.live}`,
      ];
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
