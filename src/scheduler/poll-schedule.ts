import type { JobPhase } from './job-state.ts';

/**
 * Seconds between looks at the queue, the last one repeated. squeue is not free: slurmctld answers all users' calls one
 * by one. A call is two requests to it: the jobs, and the partitions, which squeue always loads. These are at most four
 * requests a minute while a job waits and two while it runs; a job that has started tells its own story in its folder.
 */
export type PollSchedule = Readonly<Record<Pace, readonly number[]>> & {
  /** Calls in any minute, whatever the jobs do. */
  readonly mostAMinute: number;
};

/** `limited`: Slurm says that it is asked too often. */
type Pace = 'waiting' | 'running' | 'ending' | 'unreachable' | 'limited';

/** What the last look came to. */
export type Seen = JobPhase | 'unreachable' | 'limited';

export const CLUSTER_POLLS: PollSchedule = {
  waiting: [10, 50, 30, 30, 30, 30, 30, 30, 30, 30, 60],
  running: [60],
  ending: [15, 45, 60],
  unreachable: [15, 45, 60],
  limited: [60, 120, 300],
  mostAMinute: 2,
};

/** For the stand-in on this machine, which serves nobody else. */
export const LOCAL_POLLS: PollSchedule = {
  waiting: [0.5],
  running: [1],
  ending: [0.5],
  unreachable: [1],
  limited: [1],
  mostAMinute: 120,
};

/** Seconds to the next look, after `looks` of them that all saw the same. */
export function pollDelay(schedule: PollSchedule, seen: Seen, looks: number): number {
  const delays = schedule[PACE[seen]];
  return delays[Math.min(looks, delays.length) - 1] ?? 30;
}

const PACE: Readonly<Record<Seen, Pace>> = {
  pending: 'waiting',
  starting: 'waiting',
  running: 'running',
  suspended: 'running',
  unknown: 'running',
  ending: 'ending',
  ended: 'ending',
  gone: 'ending',
  unreachable: 'unreachable',
  limited: 'limited',
};
