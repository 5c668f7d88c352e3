import { withFallback } from '../../errors.ts';
import type { EventOf } from '../../run/events.ts';
import type { JobId } from '../../scheduler/job-id.ts';
import type { World } from '../world.ts';
import type { Connection } from './cluster/connect.ts';

/** The uid of who cancelled a job, as accounting has it, for a verdict that does not say so: the job only sees the signal. */
export async function cancellingUid(
  { outcome, reason }: EventOf<'verdict'>,
  jobId: JobId,
  { scheduler }: Connection,
  { signal }: World,
): Promise<number | undefined> {
  if (outcome !== 'cancelled' || reason.includes('by uid ')) return undefined;
  return withFallback(scheduler.cancelledBy(jobId, signal), undefined);
}
