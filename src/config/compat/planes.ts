import type { JobConfig } from '../schema/job-schema.ts';
import { rolesOf } from '../schema/role.ts';
import { atLeast } from './release.ts';

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

/** How often a request may move where the config does not say. */
const LIMIT = 3;

/**
 * How often a request may move to another worker; undefined for Dynamo's own, which is never: the streams of a worker that
 * goes then break off, though another could go on with them. Any worker can go while the service stays: one that may restart
 * or is not critical, and in an allocation each that `dyn-slurm restart` or `stop` names. Before Dynamo 1.0 each worker is
 * told, by an option that 0.4.1 brought and not every kind of worker has, so there only the first reason counts.
 */
export function migrationLimit(job: JobConfig): number | undefined {
  const outlived = rolesOf(job).some(
    ([, { restart, critical, workers }]) => restart !== 'never' || (!critical && workers > 1),
  );
  return job.dynamo.migration_limit ?? (hasPlanes(job) || outlived ? LIMIT : undefined);
}
