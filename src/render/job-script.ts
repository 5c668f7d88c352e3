import type { Job } from '../config/job.ts';
import { etcdGuard } from '../config/planes.ts';
import { gpuModel } from '../config/schema/gpu.ts';
import { ROLES } from '../config/schema/role.ts';
import { reachedAt } from '../plan/inside.ts';
import { METRICS } from '../plan/monitor-step.ts';
import type { Plan, PortUse, ProcessKind, Step, Word } from '../plan/plan.ts';
import { srunCommand } from '../plan/step.ts';
import { directiveLine, directives } from './directives.ts';
import { quoteWord, wrapCommand } from './shell.ts';
import { compile } from './template.ts';

/** `job.sbatch`: directives, one launch a step, and what to wait for. */
export function jobScript(job: Job, plan: Plan, template: string): string {
  return compile(template)({
    ...startContext(job, plan),
    ...readinessContext(plan, job),
    directives: directives(job, plan).map(directiveLine),
    login: job.cluster.environment === 'login',
    about: `${job.name}: ${counted(plan.workers.length, 'worker')} on ${counted(plan.nodes.length, 'node')}, ${counted(plan.gpus.used, 'GPU')}. Rendered by dyn-slurm.`,
    policies: policies(job),
    lost: plan.readiness.lost,
    groups: groups(job, plan),
    metrics: plan.steps.filter(({ name }) => name === METRICS).map((step) => launch(step, job)),
    bench: plan.steps.filter(({ kind }) => kind === 'bench').map((step) => launch(step, job)),
  });
}

/** The workers whose nodes are to be close to each other, and whether NVLink may reach from one node to the other. */
function seating({ gpu, slurm }: Job, { workers, gpus }: Plan): readonly string[] {
  const spans = workers.filter(({ nodes }) => nodes.length > 1);
  const racks = slurm.segment !== undefined || (gpuModel(gpu)?.nvlinkDomain ?? 0) > gpus.perNode;
  return [
    ...spans.map(({ name, nodes }) => ['span', name, ...nodes].join(' ')),
    ...(racks && spans.length > 0 ? [`RACKS=1 SEGMENT=${slurm.segment ?? 0}`] : []),
  ];
}

/** What `begin` and `ask_nodes` of lib.sh take. */
export function startContext(job: Job, plan: Plan) {
  const { readiness, nodes } = plan;
  return {
    seating: seating(job, plan),
    tls: job.infra.tls,
    preamble: job.cluster.preamble.trim() !== '',
    modules: job.cluster.environment === 'clean' && /\b(module|ml)\b/.test(job.cluster.preamble),
    deadline: readiness.deadline,
    stall: readiness.stall,
    drain: readiness.drain,
    lease: readiness.lease,
    localDir: job.cluster.local_dir,
    nodes: nodes.length,
    interfaces: [job.cluster.interface].flat(),
  };
}

/** What `expect` and `await_ready` of lib.sh take. */
export function readinessContext({ readiness, entry, steps }: Plan, job: Job) {
  const { model, readyRoute } = readiness;
  const completion = { model, messages: [{ role: 'user', content: 'Say hello.' }], max_tokens: 8 };
  const etcd = steps.find(({ kind }) => kind === 'etcd');
  return {
    expected: readiness.endpoints.map(({ role, workers, namespace, component, endpoint }) => ({
      role,
      workers,
      component,
      endpoint,
      etcdRange: etcdCount(`v1/instances/${namespace}/${component}/${endpoint}/`),
    })),
    model,
    readyPath: readyRoute ? `/v1/models/${encodeURIComponent(model)}/ready` : '',
    completion: JSON.stringify(completion),
    etcd: address(etcd, 'etcd-client', job),
    entry: [{ ref: 'node-ip', node: entry.node }, `:${entry.port}`] satisfies Word,
    frontends: steps.filter(({ kind }) => kind === 'frontend').map((step) => address(step, 'frontend', job)),
  };
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

/** Roles whose workers may be started again, or lost. */
function policies(job: Job): readonly string[] {
  return ROLES.flatMap((role) => {
    const { restart = 'never', critical = true } = job[role] ?? {};
    return [
      ...(restart === 'never' ? [] : [`restart_workers ${role} ${restart}`]),
      ...(critical ? [] : [`spare_workers ${role}`]),
    ];
  });
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

function groups(job: Job, plan: Plan): readonly object[] {
  return STAGES.flatMap(({ title, kinds }) => {
    const steps = kinds.flatMap((kind) =>
      plan.steps.filter((step) => step.kind === kind && step.name !== METRICS),
    );
    if (steps.length === 0) return [];
    const awaits = steps.flatMap((step) => awaitLines(step, job));
    return [{ title, steps: steps.map((step) => launch(step, job)), awaits }];
  });
}

/** What `launch` of lib.sh takes. */
export function launch(step: Step, job: Job): object {
  return {
    name: step.name,
    kind: step.kind,
    role: step.role ?? '',
    nodes: step.nodes,
    lines: wrapCommand(srunCommand(step, job), 100),
  };
}

/** What has to answer before other steps can start. */
export function awaitLines(step: Step, job: Job): readonly string[] {
  switch (step.kind) {
    case 'image':
      return [`await_image ${step.name} ${quoteWord(step.argv.at(-1) ?? '')}`];
    case 'container':
      return [`await_container ${step.name}`];
    case 'etcd':
      return awaitEtcd(step, job);
    case 'nats':
      return [`await_service ${step.name} nats_answers ${quoteWord(address(step, 'nats', job))}`];
    case 'frontend':
    case 'nginx':
      return [`await_service ${step.name} http_answers ${quoteWord(address(step, step.kind, job))} /live`];
    case 'cleanup':
    case 'worker':
    case 'monitor':
    case 'bench':
      return [];
    default:
      return step.kind satisfies never;
  }
}

function awaitEtcd(step: Step, job: Job): readonly string[] {
  const at = quoteWord(address(step, 'etcd-client', job));
  const guard = etcdGuard(job);
  if (guard === 'password')
    return [`await_service ${step.name} locked_etcd_answers ${at}`, `enter_etcd ${at}`];
  const answers = `await_service ${step.name} etcd_answers ${at}`;
  return guard === 'none' ? [answers] : [answers, 'tell_certificate'];
}

export function address(step: Step | undefined, use: PortUse, job: Job): Word {
  const port = step?.ports.find((owned) => owned.use === use)?.port;
  const node = step?.nodes[0];
  if (port === undefined || node === undefined) throw new Error(`the plan has no ${use} port`);
  return [reachedAt(use, job, node), `:${port}`];
}

/** Body of a count of all keys that start with `prefix` (etcd's JSON gateway takes base64). */
function etcdCount(prefix: string): string {
  const next = `${prefix.slice(0, -1)}${String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1)}`;
  return JSON.stringify({ key: btoa(prefix), range_end: btoa(next), count_only: true });
}
