import { atLeast } from '../config/compat/release.ts';
import type { Job } from '../config/job.ts';
import { engineArgument, type Role, type RoleConfig } from '../config/schema/role.ts';
import { START_STAGES } from '../start-stages.ts';
import { addressOf } from './exposure.ts';
import type { Plan, Readiness, ReadyRequests, StepBody } from './plan.ts';
import { hasPlanes } from './planes.ts';
import { nodeIp } from './word.ts';

/** First release whose runtime has the route `/{model_id}/ready` of `/v1/models`: 1.3.1 does, 1.2.1 does not. */
const READY_ROUTE_SINCE = '1.3';

/** Roles whose workers serve the model. Processors and routers register endpoints of their own making. */
const COUNTED = ['prefill', 'decode', 'aggregated', 'encode'] as const satisfies readonly Role[];

export function readiness(job: Job): Readiness {
  return {
    model: job.model.served_name,
    endpoints: COUNTED.flatMap((role) => {
      const config = job[role];
      return config ? [{ role, ...registeredEndpoint(role, config, job), workers: instances(config) }] : [];
    }),
    deadline: job.health.deadline,
    stall: job.health.stall,
    stages: Object.fromEntries(
      Object.entries(START_STAGES).map(([stage, { key }]) => [stage, job.health.stages[key]]),
    ) as Readiness['stages'],
    lost: job.health.lost,
    drain: inFlightTime(job.health.drain),
    // Dynamo's own is 10 s in 0.x, and 30 s since.
    lease: job.infra.etcd.lease_ttl ?? (hasPlanes(job) ? 30 : 10),
    readyRoute: atLeast(job.dynamo.version, READY_ROUTE_SINCE),
  };
}

/** What the job asks to find out whether that is so. */
export function readyRequests(
  { endpoints, model, readyRoute }: Readiness,
  entry: Plan['entry'],
  steps: readonly StepBody[],
): ReadyRequests {
  const completion = { model, messages: [{ role: 'user', content: 'Say hello.' }], max_tokens: 8 };
  const etcd = steps.find(({ kind }) => kind === 'etcd');
  const frontends = steps.filter(({ kind }) => kind === 'frontend');
  return {
    counts: endpoints.map(({ namespace, component, endpoint }) =>
      etcdCount(`v1/instances/${namespace}/${component}/${endpoint}/`),
    ),
    path: readyRoute ? `/v1/models/${encodeURIComponent(model)}/ready` : '',
    completion: JSON.stringify(completion),
    etcd: addressOf(etcd, 'etcd-client'),
    entry: [nodeIp(entry.node), `:${entry.port}`],
    frontends: frontends.map((step) => addressOf(step, 'frontend')),
  };
}

/** Body of a count of all keys that start with `prefix` (etcd's JSON gateway takes base64). */
function etcdCount(prefix: string): string {
  const next = `${prefix.slice(0, -1)}${String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1)}`;
  return JSON.stringify({ key: btoa(prefix), range_end: btoa(next), count_only: true });
}

/** Before the time limit, the teardown needs the last 30 s: three groups of steps have 8 s each. */
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
    component = defaultComponent(role, config, job),
    endpoint = 'generate',
  ] = given ?? [];
  return { namespace, component, endpoint };
}

/** dynamo/sglang/args.py of the wheels 0.4.1 to 1.6.1; 1.3 renamed the encoders'. */
function defaultComponent(role: Role, config: RoleConfig, job: Job): string {
  if (engineArgument(config, 'rerank-worker') === true) return 'rerank';
  if (role === 'prefill') return 'prefill';
  if (role === 'encode') return atLeast(job.dynamo.version, '1.3') ? 'encode' : 'encoder';
  return 'backend';
}

/** Only rank 0 of a worker registers, once for each of its gateways. */
function instances(config: RoleConfig): number {
  const gateways = Number(engineArgument(config, 'gateway-workers') ?? 1);
  return config.workers * (Number.isInteger(gateways) ? gateways : 1);
}
