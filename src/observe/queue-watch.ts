import { DynSlurmError } from '../errors.ts';
import { pause } from '../host/pause.ts';
import type { JobId } from '../scheduler/job-id.ts';
import { type PollSchedule, pollDelay } from '../scheduler/poll-schedule.ts';
import type { Scheduler } from '../scheduler/scheduler.ts';
import type { QueueEvent } from './event.ts';
import { queueEvent, unreachable } from './queue-event.ts';

export interface QueueWatch {
  readonly scheduler: Scheduler;
  readonly polls: PollSchedule;
  readonly now: () => Date;
}

/**
 * Looks at a job in the queue until it has left it: an event whenever what Slurm says changes. Slurm that cannot be
 * asked is UNKNOWN, and asked again later.
 */
export async function* watchQueue(
  { scheduler, polls, now }: QueueWatch,
  job: JobId,
  signal: AbortSignal,
): AsyncGenerator<QueueEvent> {
  let last = '';
  let phase = '';
  let looks = 0;
  while (!signal.aborted) {
    const look = await lookAt(scheduler, job, now(), signal);
    if (look === undefined) return;
    const key = [look.event.state, look.event.reason, look.event.nodeList].join('|');
    if (key !== last) yield look.event;
    if (look.event.phase === 'ended' || look.event.phase === 'gone') return;
    looks = look.phase === phase ? looks + 1 : 1;
    phase = look.phase;
    last = key;
    if (!(await pause(pollDelay(polls, look.phase, looks) * 1000, signal))) return;
  }
}

async function lookAt(scheduler: Scheduler, job: JobId, time: Date, signal: AbortSignal) {
  try {
    const status = (await scheduler.status([job], signal)).get(job);
    if (status === undefined) throw new Error(`no status for job ${job}`);
    const event = queueEvent(job, status, time);
    return { event, phase: event.phase };
  } catch (error) {
    if (signal.aborted) return undefined;
    if (!(error instanceof DynSlurmError)) throw error;
    return { event: unreachable(job, error, time), phase: 'unreachable' as const };
  }
}
