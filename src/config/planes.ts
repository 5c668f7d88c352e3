import { atLeast } from './release.ts';
import type { JobConfig } from './schema.ts';

/**
 * Dynamo 1.x finds peers in etcd and moves requests over TCP; before it, NATS carried both requests and
 * events.
 */
export function hasPlanes(job: Pick<JobConfig, 'dynamo'>): boolean {
  return atLeast(job.dynamo.version, '1.0');
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
