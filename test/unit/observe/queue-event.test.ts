import { expect, test } from 'vitest';
import { queueEvent } from '../../../src/observe/queue-event.ts';
import type { JobId } from '../../../src/scheduler/job-id.ts';
import { readState } from '../../../src/scheduler/job-state.ts';

const now = new Date('2025-11-24T05:45:00.000Z');

function event(
  printed: string,
  reason: string,
  ended: { exit?: number; signal?: number; cancelledBy?: number; ends?: number } = {},
) {
  const status = {
    ...readState(printed),
    printed,
    reason,
    nodes: 2,
    nodeList: '',
    source: 'squeue' as const,
    ...ended,
  };
  return queueEvent('4242;hopper' as JobId, status, now);
}

test('a waiting job, with its reason explained', () => {
  expect(event('PENDING', 'JobHeldUser')).toEqual({
    time: '2025-11-24T05:45:00.000Z',
    kind: 'queue',
    job: '4242',
    state: 'PENDING',
    phase: 'pending',
    reason: 'JobHeldUser',
    explanation: 'you hold it',
    next: 'release it with `scontrol release 4242`',
    nodes: 2,
    nodeList: '',
  });
});

test.each([
  ['a cancelled job forgets why it waited', 'CANCELLED', 'Priority', {}, ''],
  ['who cancelled', 'CANCELLED by 1000', '', { cancelledBy: 1000 }, 'by uid 1000'],
  ["a cancel of Slurm's own", 'CANCELLED', 'DependencyNeverSatisfied', {}, 'DependencyNeverSatisfied'],
  ['an exit code', 'FAILED', 'NonZeroExitCode', { exit: 3, signal: 0 }, 'NonZeroExitCode, exit code 3'],
  ['a lost node', 'NODE_FAIL', 'NodeDown', {}, 'NodeDown'],
  [
    'no output file',
    'FAILED',
    '',
    { exit: 0, signal: 53 },
    'signal 53: its nodes could not write job.log, so they may not see the run folder',
  ],
  ['a state of a release to come', 'HIBERNATING on disk', 'None', {}, 'HIBERNATING on disk'],
])('%s', (_, printed, reason, ended, text) => {
  expect(event(printed, reason, ended).reason).toBe(text);
});

test.each([
  ['RUNNING', '2025-11-24T09:45:00.000Z'],
  ['CONFIGURING', '2025-11-24T09:45:00.000Z'],
  ['SUSPENDED', '2025-11-24T09:45:00.000Z'],
  ['PENDING', undefined],
  ['COMPLETED', undefined],
])('when the time limit ends a job, while it runs: %s', (printed, end) => {
  expect(event(printed, '', { ends: 1763977500 }).end).toBe(end);
});
