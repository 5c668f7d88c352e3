import type { Host } from '../host/host.ts';
import { pause } from '../host/pause.ts';
import { untilAbort } from '../host/until-abort.ts';
import { followRunLog, readRunLog } from '../run/event-log.ts';
import type { ObservedEvent, QueueEvent } from '../run/events.ts';
import { advance, stateAfter } from '../run/state.ts';
import type { JobId } from '../scheduler/job-id.ts';
import { finalVerdict } from './final-verdict.ts';
import { removeLeftSecrets } from './left-secrets.ts';
import { merge } from './merge.ts';
import type { QueuePoll } from './queue-poll.ts';

export interface Watch {
  readonly host: Host;
  /** The cluster's queue, shared by all runs that are watched there. */
  readonly queue: QueuePoll;
  readonly now: () => Date;
  /** Milliseconds that the verdict may take to show in the run folder after the job has left the queue. */
  readonly grace?: number;
}

export interface WatchedRun {
  readonly dir: string;
  /** Without it only the run's own events are seen. */
  readonly jobId?: JobId | undefined;
}

const GRACE = 5000;

/**
 * A run's past events at once, then what its log and the queue say, as it comes. Ends after the verdict, which is
 * inferred from Slurm's state where the job left none, or with the abort. A run with a verdict costs no squeue.
 */
export function watchRun(watch: Watch, run: WatchedRun, signal: AbortSignal): AsyncGenerator<ObservedEvent> {
  return untilAbort(eventsOf(watch, run, signal), signal);
}

async function* eventsOf(watch: Watch, run: WatchedRun, signal: AbortSignal): AsyncGenerator<ObservedEvent> {
  const log = await readRunLog(watch.host, run);
  yield* log.events;
  let state = stateAfter(log.events);
  if (state.verdict) return;

  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const events = followRunLog(watch.host, run, log, either);
  const queue = run.jobId === undefined ? none() : departures(watch, run.jobId, either);
  for await (const event of merge<ObservedEvent | Departed>(stop, events, queue)) {
    if (event.kind === 'departed') {
      await removeLeftSecrets(watch.host, run.dir);
      yield await finalVerdict(watch.host, run.dir, state, event.last, watch.now());
      return;
    }
    state = advance(state, event);
    yield event;
    if (event.kind === 'verdict' || signal.aborted) return;
  }
}

/** The job has left the queue, and the grace has passed. */
interface Departed {
  readonly kind: 'departed';
  readonly last: QueueEvent;
}

async function* departures(
  watch: Watch,
  job: JobId,
  signal: AbortSignal,
): AsyncGenerator<QueueEvent | Departed> {
  let last: QueueEvent | undefined;
  for await (const event of watch.queue.follow(job, signal)) {
    last = event;
    yield event;
  }
  if (last === undefined) return;
  // A job that ended without ever having had a node has nothing to say.
  const neverRan = last.phase === 'ended' && last.nodeList === '';
  if (await pause(neverRan ? 0 : (watch.grace ?? GRACE), signal)) yield { kind: 'departed', last };
}

async function* none(): AsyncGenerator<never> {}
