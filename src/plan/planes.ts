import { atLeast } from '../config/compat/release.ts';
import type { JobConfig } from '../config/schema/job-schema.ts';

/** Dynamo 1.x needs etcd alone, to which it logs in; before it, each process needed NATS, too. */
export function hasPlanes(job: Pick<JobConfig, 'dynamo'>): boolean {
  return atLeast(job.dynamo.version, '1.0');
}

/** Whether requests may travel over TCP, and `--request-plane` says so: Dynamo 0.8 brought it, with TCP its default. */
export function hasRequestPlane(job: Pick<JobConfig, 'dynamo'>): boolean {
  return atLeast(job.dynamo.version, '0.8');
}

/** Whether `--event-plane` says how events travel. */
export function hasEventPlane(job: Pick<JobConfig, 'dynamo'>): boolean {
  return atLeast(job.dynamo.version, '0.9');
}

/** What would not work without NATS; undefined where nothing needs it. */
export function natsUser(job: Pick<JobConfig, 'dynamo' | 'infra'>): string | undefined {
  if (!hasPlanes(job)) return `Dynamo ${job.dynamo.version}`;
  if (job.infra.request_plane === 'nats') return '`request_plane: nats`';
  if (job.infra.event_plane === 'nats') return '`event_plane: nats`';
  return undefined;
}

/** Whether the job starts NATS. */
export function needsNats(job: Pick<JobConfig, 'dynamo' | 'infra'>): boolean {
  return job.infra.nats === 'auto' ? natsUser(job) !== undefined : job.infra.nats;
}

/** The first release whose request plane and NATS client speak TLS: the wheels of 1.4 don't know its variables. */
export const TLS_SINCE = '1.5';

/** What etcd asks of its clients. Dynamo 0.x cannot log in. Its client leaves certificates alone where it has a password. */
export function etcdGuard(job: Pick<JobConfig, 'dynamo' | 'infra'>): 'none' | 'password' | 'certificate' {
  if (job.infra.tls) return 'certificate';
  return hasPlanes(job) ? 'password' : 'none';
}
