import { expect, test } from 'vitest';
import type { ObservedEvent, RunEventBody } from '../../../src/run/events.ts';
import { lossesBetween } from '../../../src/run/losses.ts';
import { stateAfter } from '../../../src/run/state.ts';

const at = (seconds: number, event: RunEventBody): ObservedEvent => ({
  time: new Date(seconds * 1000).toISOString(),
  ...event,
});

const RESTART: RunEventBody = {
  kind: 'worker-restarting',
  step: 'decode-0',
  role: 'decode',
  reason: 'decode-0 on n2 was killed by SIGKILL',
  restart: 1,
  of: 3,
  delay: 1,
};
const BACK: RunEventBody = { kind: 'recovered', step: 'decode-0', role: 'decode', restart: 1, seconds: 60 };
const LOST: RunEventBody = {
  kind: 'degraded',
  step: 'decode-1',
  role: 'decode',
  reason: 'decode-1 on n3 exited with code 1',
  have: 1,
  want: 2,
  missing: ['decode-1'],
};

const EVENTS = [at(30, RESTART), at(50, BACK), at(80, LOST)];

test.each([
  ['before all', 0, 20, []],
  [
    'just before, so that the job may not have noticed yet',
    0,
    28,
    ['worker-restarted: decode-0 on n2 was killed by SIGKILL'],
  ],
  ['in the midst', 20, 60, ['worker-restarted: decode-0 on n2 was killed by SIGKILL']],
  ['while it is away', 35, 45, ['worker-restarted: decode-0 on n2 was killed by SIGKILL']],
  ['once it is back', 51, 70, []],
  ['after one that never comes back', 100, 110, ['worker-lost: decode-1 on n3 exited with code 1']],
])('a measurement %s', (_, from, until, losses) => {
  const found = lossesBetween(stateAfter(EVENTS).losses, from * 1000, until * 1000);
  expect(found.map(({ kind, reason }) => `${kind}: ${reason}`)).toEqual(losses);
});

test("registrations count, and a worker that a person stops; a frontend's end is no worker's", () => {
  const events = [
    at(10, { kind: 'unregistered', role: 'decode', have: 1, want: 2, missing: [], reason: 'one is missing' }),
    at(20, { kind: 'registered-again', role: 'decode', have: 2, want: 2, seconds: 10 }),
    at(30, { kind: 'step-stopped', step: 'prefill-0', role: 'prefill' }),
    at(40, { kind: 'step-serving', step: 'prefill-0', role: 'prefill', seconds: 3 }),
    at(50, { kind: 'step-ended', step: 'frontend-1', reason: 'frontend-1 on n1 exited with code 1' }),
  ];
  const reasons = (from: number, until: number) =>
    lossesBetween(stateAfter(events).losses, from * 1000, until * 1000).map(({ reason }) => reason);
  expect(reasons(15, 16)).toEqual(['one is missing']);
  expect(reasons(35, 36)).toEqual(['prefill-0 was stopped']);
  expect(reasons(41, 60)).toEqual([]);
});

test('a job that starts again has all of its workers', () => {
  const again = at(90, { kind: 'job-started', job: '7', attempt: 1, nodes: 2 });
  expect(lossesBetween(stateAfter([...EVENTS, again]).losses, 100_000, 110_000)).toEqual([]);
});
