import { withFallback } from '../../errors.ts';
import type { EventOf } from '../../run/events.ts';
import type { JobId } from '../../scheduler/job-id.ts';
import type { World } from '../world.ts';
import type { Connection } from './cluster/connect.ts';

/**
 * Who cancelled a job, as accounting has it, for a verdict that does not say so: a line, or nothing. The job itself only
 * sees the signal.
 */
export async function whoCancelled(
  { outcome, reason }: EventOf<'verdict'>,
  jobId: JobId,
  connection: Connection,
  world: World,
): Promise<string> {
  if (outcome !== 'cancelled' || reason.includes('by uid ')) return '';
  const uid = await cancellingUid(jobId, connection, world);
  return uid === undefined ? '' : `cancelled by uid ${uid}\n`;
}

export async function cancellingUid(
  jobId: JobId,
  { scheduler }: Connection,
  { signal }: World,
): Promise<number | undefined> {
  return withFallback(scheduler.cancelledBy(jobId, signal), undefined);
}
