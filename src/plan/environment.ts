import type { Arg } from '../argument.ts';
import { hasPlanes, hasRequestPlane, needsNats } from '../config/compat/planes.ts';
import { atLeast } from '../config/compat/release.ts';
import type { Job } from '../config/job.ts';
import type { EnvironmentValue } from '../config/schema/fields.ts';
import { usesDynamo } from '../config/schema/sections.ts';
import { insideSelf, reachedAt } from './exposure.ts';
import { portPart } from './movable-ports.ts';
import type { SecretSource } from './plan.ts';
import { tlsEnvironment } from './planes.ts';

/** Environment of every process of the service: srun pipes the output, and Python would hold it back by the block. */
const UNBUFFERED = { PYTHONUNBUFFERED: '1' };

/** Environment of workers and frontends, before their own. */
export function serviceEnvironment(job: Job): Readonly<Record<string, Arg>> {
  return usesDynamo(job) ? { ...dynamoEnvironment(job), ...UNBUFFERED } : UNBUFFERED;
}

/**
 * Environment of every Dynamo process: where the job's services are, and which address of its node it uses.
 * Without the `_HOST` variables a process advertises the first address it finds, which on a node with several
 * networks may be the wrong one.
 */
function dynamoEnvironment(job: Job): Readonly<Record<string, Arg>> {
  const { tls } = job.infra;
  const env: Record<string, Arg> = {
    ETCD_ENDPOINTS: [
      tls ? 'https://' : 'http://',
      reachedAt('etcd-client', job, 0),
      ':',
      portPart('etcd-client', job.infra.ports.etcd_client, job),
    ],
  };
  const { lease_ttl: lease } = job.infra.etcd;
  if (lease !== undefined) env.ETCD_LEASE_TTL = String(lease);
  if (needsNats(job))
    env.NATS_SERVER = [
      tls ? 'tls://' : 'nats://',
      reachedAt('nats', job, 0),
      ':',
      portPart('nats', job.infra.ports.nats, job),
    ];
  if (hasRequestPlane(job)) env.DYN_TCP_RPC_HOST = [insideSelf(job)];
  if (hasPlanes(job)) {
    env.DYN_EVENT_PLANE_HOST = [insideSelf(job)];
    // Older releases took it for the name of an interface: 1.4.2 says "Interface not found" to an address.
    if (atLeast(job.dynamo.version, '1.6')) env.DYN_TCP_RESPONSE_STREAM_HOST = [insideSelf(job)];
  }
  Object.assign(env, tlsEnvironment(job));
  env.DYN_SDK_DISABLE_ANSI_LOGGING = '1';
  return env;
}

/** What the user set, apart by whether its value may be seen. `more`: secrets that were given as arguments. */
export function userEnvironment(
  given: Readonly<Record<string, EnvironmentValue>>,
  more: Readonly<Record<string, SecretSource>> = {},
): {
  readonly env: Readonly<Record<string, string>>;
  readonly secrets: Readonly<Record<string, SecretSource>>;
} {
  const env: Record<string, string> = {};
  const secrets: Record<string, SecretSource> = { ...more };
  for (const [name, value] of Object.entries(given)) {
    if (typeof value === 'object') secrets[name] = value;
    else env[name] = String(value);
  }
  return { env, secrets };
}
