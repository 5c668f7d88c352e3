import type { NodeIndex } from '../argument.ts';
import { containerOf, type Job } from '../config/job.ts';
import { gpuModel } from '../config/schema/gpu.ts';
import { rolesOf } from '../config/schema/role.ts';
import type { Problem } from '../config/yaml/problem.ts';
import type { PlacedWorker } from '../engines/worker.ts';
import { benchSpec } from './bench/spec.ts';
import { benchOnDemand, benchSteps } from './bench-step.ts';
import { containerSteps } from './container.ts';
import { commandLineOptions, directives } from './directives.ts';
import { frontendSteps, nginxAddresses } from './frontend.ts';
import { startsGpu } from './gpu-share.ts';
import { hangSigns } from './hang.ts';
import { cachedImage, imageSteps } from './image.ts';
import { infraSteps } from './infra.ts';
import { installPlan, installSteps } from './install.ts';
import { monitorSteps } from './monitor-step.ts';
import { mooncakeConfig } from './mooncake.ts';
import { movablePorts } from './movable-ports.ts';
import type { Placement } from './placement.ts';
import type { Plan, PlanNode, PlannedSettings, PlanWorker, ProcessKind, Shells, Step } from './plan.ts';
import { etcdGuard } from './planes.ts';
import { portClashes } from './ports.ts';
import { preflightChecks } from './preflight.ts';
import { readiness, readyRequests } from './readiness.ts';
import { checkRules } from './rules/check-rules.ts';
import { withSrun } from './step.ts';
import { processesOf, tasksPerNode } from './step-body.ts';
import { workerStep } from './worker-step.ts';

/** What became of a job: its plan, unless a problem is an error; and all that its rules find. */
export interface Planned {
  readonly plan?: Plan;
  readonly problems: readonly Problem[];
}

/** Plans a job whose fields are valid each by itself. Pure; time and space grow with the nodes. */
export function planJob(job: Job): Planned {
  const { problems, placement } = checkRules(job);
  if (placement === undefined || problems.some(({ severity }) => severity === 'error')) return { problems };
  return { plan: assemble(job, placement, problems), problems };
}

/** The plan of a job that keeps the rules; what they find are warnings. */
export function assemble(job: Job, placement: Placement, problems: readonly Problem[]): Plan {
  const { nodes: count, gpusPerNode: perNode, workers: placed, frontends } = placement;
  const entry = { node: entryNode(placement), port: job.frontend.port };
  const workerSteps = placed.map((worker) => [worker, workerStep(job, worker)] as const);
  const services = [...frontendSteps(job, frontends, workerSteps), ...workerSteps.map(([, step]) => step)];
  const benchPlace = { entry, node: placement.bench, services };
  const bench = job.bench && benchSpec(job.bench, job, benchPlace);
  const served = [...infraSteps(job), ...services];
  const rest = [
    ...installSteps(job, served),
    ...served,
    ...monitorSteps(job, placed, services),
    ...benchSteps(bench),
  ];
  const steps = [...imageSteps(job), ...containerSteps(job, rest), ...rest].map((step) =>
    withSrun(step, job),
  );
  const processes = steps.flatMap(processesOf);
  const clashes = portClashes(processes);
  if (clashes.length > 0) throw new Error(`no rule refused these ports: ${clashes.slice(0, 5).join('; ')}`);
  const nodes = planNodes(placement, steps);
  const gpus = {
    model: job.gpu,
    perNode,
    total: count * perNode,
    used: placed.reduce((sum, worker) => sum + worker.busy - (startsGpu(worker) ? 0 : 1), 0),
  };
  const workers = placed.map(planWorker);
  const inRacks = job.slurm.segment !== undefined || (gpuModel(job.gpu)?.nvlinkDomain ?? 0) > perNode;
  const ready = readiness(job, placed);
  const hang = hangSigns(job);
  const nginx = nginxAddresses(job, steps);
  const mooncake = mooncakeConfig(job);
  const install = installPlan(job);
  const own = steps.some(({ kind }) => kind === 'bench');
  const [onDemand] = own ? [] : benchOnDemand(job, benchPlace);
  return {
    version: 1,
    mode: 'job',
    name: job.name,
    dynamo: job.dynamo.version,
    engine: job.engine.type,
    frontend: job.frontend.type,
    nodes,
    gpus,
    workers,
    steps,
    processes,
    readiness: ready,
    movable: movablePorts(processes, job),
    entry,
    warnings: problems.map(({ path, message }) =>
      [...(path.length > 0 ? [path.join('.')] : []), message].join(': '),
    ),
    ...(install && { install }),
    timeLimit: job.slurm.time,
    ...(job.topology !== undefined && { topology: job.topology }),
    cluster: job.cluster,
    ...containers(job),
    settings: settings(job),
    directives: directives(job, count, perNode, Math.max(...steps.map(tasksPerNode))),
    commandLine: commandLineOptions(job),
    preflight: preflightChecks(job, { nodes, gpus, workers, steps, processes }),
    ...(hang && { hang }),
    requests: readyRequests(job, ready, entry, steps),
    shells: shells(job),
    localDir: job.cluster.local_dir,
    interfaces: [job.cluster.interface].flat(),
    ...(inRacks && { racks: { segment: job.slurm.segment ?? 0 } }),
    etcdGuard: etcdGuard(job),
    natsMaxPayload: job.infra.nats_max_payload ?? 1,
    ...(nginx && { nginx }),
    ...(mooncake && { mooncake }),
    ...(bench && { bench }),
    ...(onDemand && { benchOnDemand: withSrun(onDemand, job) }),
  };
}

/** nginx stands before several frontends, on the head node; without a frontend the worker answers clients. */
function entryNode({ frontends, workers }: Placement): NodeIndex {
  if (frontends.length > 1) return 0;
  return frontends[0]?.node ?? workers[0]?.nodes[0] ?? 0;
}

function containers(job: Job): Pick<Plan, 'contained' | 'image'> {
  const container = containerOf(job, job.cluster);
  if (container === undefined) return { contained: false };
  const cached = cachedImage(job);
  return { contained: true, image: { name: container.image, ...(cached && { cached }) } };
}

function settings(job: Job): PlannedSettings {
  const owners = [...rolesOf(job), ['frontend', job.frontend] as const];
  return Object.fromEntries(owners.map(([owner, { args, env }]) => [owner, { args, env }]));
}

function shells({ cluster }: Job): Shells {
  const preamble = cluster.preamble.trim() === '' ? '' : cluster.preamble.trimEnd();
  return {
    login: cluster.environment === 'login',
    preamble,
    modules: cluster.environment === 'clean' && /\b(module|ml)\b/.test(preamble),
  };
}

/** Kinds of steps that say what a node is for. */
const NAMED: readonly ProcessKind[] = ['frontend', 'nginx', 'worker', 'bench'];

function planNodes({ nodes, workers }: Placement, steps: readonly Step[]): readonly PlanNode[] {
  const planned = Array.from({ length: nodes }, () => ({
    roles: new Set<string>(),
    steps: [] as string[],
    gpusUsed: 0,
  }));
  planned[0]?.roles.add('head');
  for (const step of steps) {
    for (const node of step.nodes) {
      planned[node]?.steps.push(step.name);
      if (NAMED.includes(step.kind)) planned[node]?.roles.add(step.role ?? step.kind);
    }
  }
  for (const worker of workers) {
    for (const index of worker.nodes) {
      const node = planned[index];
      if (node && startsGpu(worker)) node.gpusUsed += Math.ceil(worker.busy / worker.nodes.length);
    }
  }
  return planned.map(({ roles, steps: names, gpusUsed }, index) => ({
    index,
    roles: [...roles],
    steps: names,
    gpusUsed,
  }));
}

function planWorker({ config, nodes, tp, pp, dp, ep, ...worker }: PlacedWorker): PlanWorker {
  const { name, role, index, gpus, share } = worker;
  const restarts = config.restart === 'never' ? 0 : config.restart;
  const part = share && { gpuShare: share.part };
  const placed = { name, role, index, leader: nodes[0] ?? 0, nodes, gpus, ...part };
  return { ...placed, ...{ tp, pp, dp, ep }, restarts, critical: config.critical };
}
