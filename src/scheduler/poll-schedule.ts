import type { JobPhase } from './job-state.ts';

/**
 * Seconds between looks at the queue, the last one repeated. squeue is not free: slurmctld answers all users' calls one
 * by one. These are at most four calls a minute while a job waits and two while it runs.
 */
export type PollSchedule = Readonly<
  Record<'waiting' | 'running' | 'ending' | 'unreachable', readonly number[]>
>;

export const CLUSTER_POLLS: PollSchedule = {
  waiting: [5, 20, 20, 20, 20, 20, 20, 20, 20, 30, 30, 30, 30, 60],
  running: [30],
  ending: [5, 15, 30],
  unreachable: [15, 30, 60],
};

/** For the stand-in on this machine, which serves nobody else. */
export const LOCAL_POLLS: PollSchedule = { waiting: [0.5], running: [1], ending: [0.5], unreachable: [1] };

/** Seconds to the next look, after `looks` of them since the job came to this phase. */
export function pollDelay(schedule: PollSchedule, phase: JobPhase | 'unreachable', looks: number): number {
  const delays = schedule[SPEED[phase]];
  return delays[Math.min(looks, delays.length) - 1] ?? 30;
}

const SPEED: Readonly<Record<JobPhase | 'unreachable', keyof PollSchedule>> = {
  pending: 'waiting',
  starting: 'waiting',
  running: 'running',
  suspended: 'running',
  unknown: 'running',
  ending: 'ending',
  ended: 'ending',
  gone: 'ending',
  unreachable: 'unreachable',
};
