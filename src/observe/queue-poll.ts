import { DynSlurmError } from '../errors.ts';
import { pause } from '../host/pause.ts';
import type { QueueEvent } from '../run/events.ts';
import { type JobId, slurmCluster } from '../scheduler/job-id.ts';
import { type PollSchedule, pollDelay, type Seen } from '../scheduler/poll-schedule.ts';
import type { JobStatus } from '../scheduler/scheduler.ts';
import type { Scheduler } from '../scheduler/slurm.ts';
import { saysLimited } from '../scheduler/slurm-parse.ts';
import { AsyncQueue } from './async-queue.ts';
import { queueEvent, unreachable } from './queue-event.ts';

export interface QueueWatch {
  readonly scheduler: Scheduler;
  readonly polls: PollSchedule;
  readonly now: () => Date;
}

/** A job that somebody watches. */
interface Follower {
  readonly job: JobId;
  readonly looks: AsyncQueue<QueueEvent>;
  seen?: Seen;
  /** How often in a row `seen` was seen. */
  count: number;
  /** Milliseconds, as of performance.now(): when the next look is due. */
  due: number;
}

/** Milliseconds that a newcomer waits, so that those who come with it are asked about in the same call. */
const TOGETHER = 50;

/** Looks at the queue for everybody at once: however many jobs are watched, a look is one call of squeue. */
export class QueuePoll {
  readonly #watch: QueueWatch;
  readonly #followers = new Set<Follower>();
  /** When squeue was called in the last minute, as of performance.now(). */
  #calls: readonly number[] = [];
  #polling = false;
  /** Ends a pause, because somebody came. */
  #wake = new AbortController();
  /** Ends a call, because nobody is left. */
  #stop = new AbortController();

  constructor(watch: QueueWatch) {
    this.#watch = watch;
  }

  /**
   * Watches a job until it has left the queue, or until the abort: an event whenever what Slurm says changes. Slurm that
   * cannot be asked is UNKNOWN, and asked again later.
   */
  async *follow(job: JobId, signal: AbortSignal): AsyncGenerator<QueueEvent> {
    const follower: Follower = { job, looks: new AsyncQueue(), count: 0, due: performance.now() + TOGETHER };
    this.#followers.add(follower);
    this.#wake.abort();
    this.#poll().catch((error: unknown) => {
      for (const { looks } of this.#followers) looks.fail(error);
    });
    let last = '';
    try {
      for await (const event of follower.looks.read(signal)) {
        const key = [event.state, event.reason, event.nodeList, event.end].join('|');
        if (key !== last) yield event;
        last = key;
        if (hasLeft(event)) return;
      }
    } finally {
      this.#followers.delete(follower);
      if (this.#followers.size === 0) this.#stop.abort();
    }
  }

  async #poll(): Promise<void> {
    if (this.#polling) return;
    this.#polling = true;
    try {
      while (this.#followers.size > 0) {
        this.#wake = new AbortController();
        // All may have left, and others come since.
        if (this.#stop.signal.aborted) this.#stop = new AbortController();
        const wait = this.#wait();
        if (wait > 0) await pause(wait, AbortSignal.any([this.#wake.signal, this.#stop.signal]));
        else await this.#look();
      }
    } finally {
      this.#polling = false;
    }
  }

  /** Milliseconds until the next look is due and allowed. */
  #wait(): number {
    const now = performance.now();
    this.#calls = this.#calls.filter((time) => time > now - 60_000);
    const due = Math.min(...[...this.#followers].map((follower) => follower.due));
    const full = this.#calls.length >= this.#watch.polls.mostAMinute;
    const allowed = full ? (this.#calls.at(-this.#watch.polls.mostAMinute) ?? 0) + 60_000 : now;
    // Asked too often, Slurm wants to be left alone, whoever comes.
    const limits = [...this.#followers].filter(({ seen }) => seen === 'limited').map(({ due }) => due);
    return Math.max(due, allowed, ...limits) - now;
  }

  async #look(): Promise<void> {
    const { scheduler, now } = this.#watch;
    const followers = [...this.#followers];
    const jobs = [...new Set(followers.map(({ job }) => job))];
    this.#calls = [...this.#calls, ...[...new Set(jobs.map(slurmCluster))].map(() => performance.now())];
    let answer: ReadonlyMap<JobId, JobStatus> | DynSlurmError;
    try {
      answer = await scheduler.status(jobs, this.#stop.signal);
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      if (!(error instanceof DynSlurmError)) throw error;
      answer = error;
    }
    for (const follower of followers) {
      const event = eventFrom(answer, follower.job, now());
      this.#note(follower, answer instanceof DynSlurmError ? troubleOf(answer) : event.phase);
      follower.looks.push(event);
      if (hasLeft(event)) this.#followers.delete(follower);
    }
  }

  #note(follower: Follower, seen: Seen): void {
    follower.count = seen === follower.seen ? follower.count + 1 : 1;
    follower.seen = seen;
    follower.due = performance.now() + pollDelay(this.#watch.polls, seen, follower.count) * 1000;
  }
}

const hasLeft = ({ phase }: QueueEvent): boolean => phase === 'ended' || phase === 'gone';

const troubleOf = ({ message }: DynSlurmError): Seen => (saysLimited(message) ? 'limited' : 'unreachable');

function eventFrom(
  answer: ReadonlyMap<JobId, JobStatus> | DynSlurmError,
  job: JobId,
  time: Date,
): QueueEvent {
  if (answer instanceof DynSlurmError) return unreachable(job, answer, time);
  const status = answer.get(job);
  if (status === undefined) throw new Error(`no status for job ${job}`);
  return queueEvent(job, status, time);
}
