import { dateAndClock, elapsed } from '../../format.ts';
import type { RunState } from '../../run/state.ts';

/** Milliseconds until the time limit ends a job that runs; undefined where none is known, or it does not run. */
export function timeLeft({ queue, requeued, verdict }: RunState, now: number): number | undefined {
  if (queue?.end === undefined || requeued || verdict) return undefined;
  return Math.max(0, Date.parse(queue.end) - now);
}

/** `3 h 12 min left`; empty where there is nothing to say. `now`: milliseconds since 1970. */
export function timeLeftText(state: RunState, now: number): string {
  const left = timeLeft(state, now);
  return left === undefined ? '' : `${elapsed(left)} left`;
}

/** `3 h 12 min left, until 2025-11-24 14:03:59`; empty where there is nothing to say. */
export function timeLimitText(state: RunState, now: number): string {
  const { end } = state.queue ?? {};
  const left = timeLeftText(state, now);
  return end === undefined || left === '' ? '' : `${left}, until ${dateAndClock(new Date(end))}`;
}
