import { type Arg, nodeIp } from '../argument.ts';
import { hasPlanes } from '../config/compat/planes.ts';
import { atLeast } from '../config/compat/release.ts';
import type { Job } from '../config/job.ts';
import type { Role, RoleConfig } from '../config/schema/role.ts';
import { servesAlone, usesDynamo } from '../config/schema/sections.ts';
import { setupsOf } from '../config/setup.ts';
import { engineOf } from '../engines/engines.ts';
import { surfaceOf } from '../engines/surface.ts';
import type { PlacedWorker } from '../engines/worker.ts';
import { frontendOf } from '../frontends/frontends.ts';
import { START_STAGES } from '../start-stages.ts';
import { addressOf } from './exposure.ts';
import { hangLimit } from './hang.ts';
import { installPlan } from './install.ts';
import type { Plan, Readiness, ReadyRequests, StepBody } from './plan.ts';
import { SAMPLES } from './sample-request.ts';

/** First release whose runtime has the route `/{model_id}/ready` of `/v1/models`: 1.3.1 does, 1.2.1 does not. */
const READY_ROUTE_SINCE = '1.3';

/** Roles whose workers serve the model. Processors and routers register endpoints of their own making. */
const COUNTED = ['prefill', 'decode', 'aggregated', 'encode'] as const satisfies readonly Role[];

export function readiness(job: Job, placed: readonly PlacedWorker[]): Readiness {
  const instances = (role: Role) =>
    placed
      .filter((worker) => worker.role === role)
      .reduce((sum, worker) => sum + instancesOf(job, worker), 0);
  return {
    model: job.model.served_name,
    surface: surfaceOf(job),
    endpoints: COUNTED.flatMap((role) => {
      const config = job[role];
      return config ? [{ role, ...whereKnown(role, config, job), workers: instances(role) }] : [];
    }),
    deadline: job.health.deadline + (installPlan(job)?.limit ?? 0),
    stall: job.health.stall,
    stages: stageLimits(job),
    lost: job.health.lost,
    hang: hangLimit(job),
    drain: inFlightTime(job.health.drain),
    // Dynamo's own is 10 s in 0.x, and 30 s since.
    lease: usesDynamo(job) ? (job.infra.etcd.lease_ttl ?? (hasPlanes(job) ? 30 : 10)) : 0,
    readyRoute: usesDynamo(job) && atLeast(job.dynamo.version, READY_ROUTE_SINCE),
  };
}

/** A setup has its own limit, at which the job kills it. */
function stageLimits(job: Job): Readiness['stages'] {
  const { setup: _, ...engine } = START_STAGES;
  const setups = setupsOf(job).map(([, { deadline }]) => deadline);
  return Object.fromEntries([
    ...(setups.length > 0 ? [['setup', Math.max(...setups)]] : []),
    ...Object.entries(engine).map(([stage, { key }]) => [stage, job.health.stages[key]]),
  ]);
}

/** Without a frontend to spread requests, only the first node of a worker serves. */
function instancesOf(job: Job, worker: PlacedWorker): number {
  return servesAlone(job) ? 1 : engineOf(job, worker.config).instances(worker);
}

/** Where a role's workers are known: an endpoint in etcd, or a number in what the router says of its workers. */
function whereKnown(
  role: Role,
  config: RoleConfig,
  job: Job,
): Omit<Readiness['endpoints'][number], 'role' | 'workers'> {
  const { ready } = frontendOf(job);
  if (ready === undefined) return registeredEndpoint(role, config, job);
  return { namespace: '', component: ready.counts[role] ?? '', endpoint: '' };
}

/** What the job asks to find out whether that is so. */
export function readyRequests(
  job: Job,
  { endpoints, model, surface, readyRoute }: Readiness,
  entry: Plan['entry'],
  steps: readonly StepBody[],
): ReadyRequests {
  const { ready } = frontendOf(job);
  const sample = SAMPLES[surface];
  const etcd = steps.find(({ kind }) => kind === 'etcd');
  const frontends = steps.filter(({ kind }) => kind === 'frontend');
  return {
    counts: endpoints.map(({ role, namespace, component, endpoint }) =>
      ready ? serversOf(role, steps) : etcdCount(`v1/instances/${namespace}/${component}/${endpoint}/`),
    ),
    path: ready?.path ?? (readyRoute ? `/v1/models/${encodeURIComponent(model)}/ready` : ''),
    live: ready?.live ?? LIVE,
    sample: sample && { ...sample, body: JSON.stringify({ model, ...sample.body }) },
    etcd: etcd ? addressOf(etcd, 'etcd-client') : '',
    entry: [nodeIp(entry.node), `:${entry.port}`],
    frontends: frontends.map((step) => addressOf(step, 'frontend')),
  };
}

/** Dynamo's frontend answers there at once. */
const LIVE = '/live';

/** `NAME=ADDRESS:PORT` of each server of a role's workers, with spaces between. */
function serversOf(role: Role, steps: readonly StepBody[]): Arg {
  const servers = steps
    .filter((step) => step.kind === 'worker' && step.role === role)
    .flatMap((step) =>
      step.nodes
        .slice(0, step.serving ?? 1)
        .map((node) => [
          `${step.name}=`,
          ...[addressOf({ nodes: [node], ports: step.ports }, 'server')].flat(),
        ]),
    );
  return servers.flatMap((parts, index) => (index === 0 ? parts : [' ', ...parts]));
}

/** Body of a count of all keys that start with `prefix` (etcd's JSON gateway takes base64). */
function etcdCount(prefix: string): string {
  const next = `${prefix.slice(0, -1)}${String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1)}`;
  return JSON.stringify({ key: btoa(prefix), range_end: btoa(next), count_only: true });
}

/** Before the time limit, the teardown needs the last 30 s: engines take up to 15 s, and Slurm adds its KillWait. */
function inFlightTime(drain: number): number {
  return drain > 60 ? drain - 30 : Math.floor(drain / 2);
}

function registeredEndpoint(
  role: Role,
  config: RoleConfig,
  job: Job,
): { readonly namespace: string; readonly component: string; readonly endpoint: string } {
  const given = config.endpoint?.slice('dyn://'.length).split('.');
  const [
    namespace = job.dynamo.namespace,
    component = engineOf(job, config).component(role, config, job.dynamo.version),
    endpoint = 'generate',
  ] = given ?? [];
  return { namespace, component, endpoint };
}
