import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { localHost } from '../../../src/host/local.ts';
import { noteCancelled } from '../../../src/observe/cancel-note.ts';
import { finalVerdict } from '../../../src/observe/final-verdict.ts';
import { inferVerdict } from '../../../src/observe/inferred-verdict.ts';
import type { ObservedEvent, QueueEvent } from '../../../src/run/events.ts';
import { NEW_RUN, stateAfter } from '../../../src/run/state.ts';

const time = '2025-11-24T05:43:00.000Z';
const now = new Date('2025-11-24T05:44:10.000Z');
const left = (state: string, reason = ''): QueueEvent => ({
  time,
  kind: 'queue',
  job: '7',
  state,
  phase: state === 'GONE' ? 'gone' : 'ended',
  reason,
  nodes: 2,
  nodeList: 'gpu[01-02]',
});
const started: ObservedEvent = { time, kind: 'job-started', job: '7', attempt: 0, nodes: 2 };

test.each([
  ['FAILED', 'NonZeroExitCode', 'failed', 'Slurm reports FAILED (NonZeroExitCode); the job left no verdict'],
  ['NODE_FAIL', 'NodeDown', 'failed', 'Slurm reports NODE_FAIL (NodeDown); the job left no verdict'],
  ['OUT_OF_MEMORY', '', 'failed', 'Slurm reports OUT_OF_MEMORY; the job left no verdict'],
  ['CANCELLED', 'by uid 1000', 'cancelled', 'cancelled by uid 1000; the job left no verdict'],
  [
    'CANCELLED',
    'DependencyNeverSatisfied',
    'cancelled',
    'Slurm withdrew the job: the job that it depended on did not end as required',
  ],
  ['PREEMPTED', '', 'cancelled', 'Slurm reports PREEMPTED; the job left no verdict'],
  ['TIMEOUT', 'TimeLimit', 'timeout', 'Slurm reports TIMEOUT (TimeLimit); the job left no verdict'],
  ['COMPLETED', '', 'unknown', 'Slurm reports COMPLETED; the job left no verdict'],
  ['GONE', '', 'unknown', 'neither squeue nor accounting knows job 7 anymore; the job left no verdict'],
  [
    'GONE',
    'Connection refused',
    'unknown',
    'squeue no longer knows job 7, and accounting cannot be queried (Connection refused); the job left no verdict',
  ],
])('%s', (state, reason, outcome, text) => {
  expect(inferVerdict(stateAfter([started]), left(state, reason), now)).toEqual({
    time: now.toISOString(),
    kind: 'verdict',
    outcome,
    reason: text,
    seconds: 70,
    inferred: true,
  });
});

test('what an attempt before had come to is nothing of a job that leaves the queue after it was put back', () => {
  const ended = { reason: 'decode-0 on gpu01 exited with code 1', step: 'decode-0', node: 'gpu01' };
  const before: readonly ObservedEvent[] = [
    started,
    { time, kind: 'process-ended', ...ended },
    { time, kind: 'teardown', outcome: 'failed', reason: ended.reason },
    { time, kind: 'requeued', reason: 'put back into the queue', seconds: 9 },
  ];
  expect(
    inferVerdict(stateAfter(before), { ...left('CANCELLED', 'by uid 1000'), nodeList: '' }, now),
  ).toEqual({
    time: now.toISOString(),
    kind: 'verdict',
    outcome: 'cancelled',
    reason: 'cancelled by uid 1000; it had been put back into the queue (put back into the queue)',
    seconds: 0,
    inferred: true,
  });
});

test('a script that never ran is told from one that was cut off', () => {
  expect(inferVerdict(stateAfter([]), left('CANCELLED'), now)).toMatchObject({
    outcome: 'cancelled',
    reason: "Slurm reports CANCELLED; the job's script did not start",
    seconds: 0,
  });
});

test('a job that lost a node may have lost the one that its script ran on', () => {
  const nodes = [{ index: 0, host: 'node1', ip: '10.0.0.1' }];
  const bound: ObservedEvent = { time, kind: 'nodes-bound', nodes };
  expect(inferVerdict(stateAfter([started, bound]), left('NODE_FAIL'), now)).toMatchObject({
    outcome: 'failed',
    reason:
      'node1, the head node, or another node of the job failed: Slurm reports NODE_FAIL; the job left no verdict',
  });
});

test('a job that was cut off in its teardown keeps its reason', () => {
  const teardown: ObservedEvent = { time, kind: 'teardown', reason: 'cancelled' };
  expect(inferVerdict(stateAfter([started, teardown]), left('GONE'), now).reason).toBe(
    'neither squeue nor accounting knows job 7 anymore; the job was ending (cancelled) but left no verdict',
  );
});

test('a cause that the job has named counts, whatever Slurm says', () => {
  const cause: ObservedEvent = {
    time,
    kind: 'process-ended',
    reason: 'prefill-0 on gpu01 exited with code 3',
    step: 'prefill-0',
    role: 'prefill',
    node: 'gpu01',
    rank: 0,
    exit: 3,
    line: 'RuntimeError: boom',
  };
  expect(inferVerdict(stateAfter([started, cause]), left('GONE'), now)).toEqual({
    ...cause,
    time: now.toISOString(),
    kind: 'verdict',
    outcome: 'failed',
    seconds: 70,
    inferred: true,
  });
});

test('a run that was cancelled in the queue stays cancelled when Slurm has forgotten it', async () => {
  const host = localHost({ path: [], env: {} });
  const dir = await mkdtemp(join(tmpdir(), 'dyn-slurm-run-'));
  const verdict = () => finalVerdict(host, dir, NEW_RUN, left('GONE'), now);
  expect((await verdict()).outcome).toBe('unknown');
  await noteCancelled(host, { dir }, now);
  await noteCancelled(host, { dir }, now);
  expect(await verdict()).toMatchObject({
    outcome: 'cancelled',
    reason: 'cancelled in the queue by `dyn-slurm cancel`',
    inferred: true,
  });
});
