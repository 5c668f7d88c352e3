import { expect, test } from 'vitest';
import { CLUSTER_POLLS, pollDelay, type Seen } from '../../../src/scheduler/poll-schedule.ts';

/** Times of the looks at a job that stays in a phase for an hour, seconds. */
function looks(phase: Seen): readonly number[] {
  const times = [0];
  for (let look = 1; (times.at(-1) ?? 0) < 3600; look++) {
    times.push((times.at(-1) ?? 0) + pollDelay(CLUSTER_POLLS, phase, look));
  }
  return times;
}

test.each([
  ['pending', 2],
  ['starting', 2],
  ['running', 1],
  ['ending', 2],
  ['unreachable', 2],
  ['limited', 1],
] as const)('a %s job costs at most %i calls in any minute', (phase, most) => {
  const times = looks(phase);
  const busiest = Math.max(...times.map((from) => times.filter((t) => t >= from && t < from + 60).length));
  expect(busiest).toBeLessThanOrEqual(most);
});

test('a job that waits for long is asked about once a minute', () => {
  expect(looks('pending').slice(-3)).toEqual([3480, 3540, 3600]);
});
