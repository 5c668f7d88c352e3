import { describe, expect, test } from 'vitest';
import { readState } from '../../../src/scheduler/job-state.ts';
import {
  cancellingUid,
  parseAccounting,
  parseEstimate,
  parseNodes,
  parseQueue,
  parseSubmitted,
  saysGone,
  saysLimited,
  saysNoAccounting,
  saysUnreachable,
} from '../../../src/scheduler/slurm-parse.ts';
import { RELEASES, recorded } from './recorded.ts';

test.each([
  ['4242\n', '4242'],
  ['4242;hopper\n', '4242;hopper'],
  ['Welcome to hopper!\nMaintenance on 2025-12-01\n4242\n', '4242'],
  ['4242\r\n', '4242'],
  ['Submitted batch job 4242\n', undefined],
  ['1\n2\n', undefined],
  ['', undefined],
])('reads the job id from %j', (stdout, id) => {
  expect(parseSubmitted(stdout)).toBe(id);
});

describe.each(RELEASES)('Slurm %s', (release) => {
  const text = (file: string) => recorded(release, file) ?? '';

  test('sbatch', () => {
    expect(parseSubmitted(text('submitted.stdout'))).toMatch(/^[12]$/);
  });

  test('squeue: every line is a job of a known state', () => {
    for (const file of [
      'queue.stdout',
      'queue-own.stdout',
      'queue-completing.stdout',
      'queue-ended.stdout',
    ]) {
      const rows = parseQueue(text(file));
      expect(rows).toHaveLength(text(file).trimEnd().split('\n').length);
      expect(rows.filter(({ state }) => readState(state).phase === 'unknown')).toEqual([]);
      expect(rows.filter(({ submitted }) => submitted === undefined)).toEqual([]);
    }
  });

  test('squeue: running, waiting, and why', () => {
    const rows = parseQueue(text('queue.stdout'));
    const ours = (id: string) => rows.find(({ comment }) => comment === `dyn-slurm:${id}`);
    expect(ours('r1-0a1b2c')).toEqual({
      number: expect.stringMatching(/^\d$/),
      state: 'RUNNING',
      nodes: 2,
      nodeList: 'gpu[01-02]',
      submitted: expect.any(Number),
      started: expect.any(Number),
      comment: 'dyn-slurm:r1-0a1b2c',
      reason: '',
    });
    expect(ours('r2-0a1b2c')).toEqual({
      number: expect.stringMatching(/^\d$/),
      state: 'PENDING',
      nodes: 4,
      nodeList: '',
      submitted: expect.any(Number),
      comment: 'dyn-slurm:r2-0a1b2c',
      reason: 'Resources',
    });
    expect(rows.map(({ reason }) => reason)).toContain(
      'Nodes required for job are DOWN, DRAINED or reserved for jobs in higher priority partitions',
    );
  });

  test('squeue: how jobs end', () => {
    const states = new Set(parseQueue(text('queue-completing.stdout')).map(({ state }) => state));
    expect([...states].sort()).toEqual([
      'CANCELLED',
      'COMPLETED',
      'COMPLETING',
      'FAILED',
      'PENDING',
      'RUNNING',
      'SUSPENDED',
    ]);
    const lost = parseQueue(text('queue-ended.stdout')).find(({ state }) => state === 'NODE_FAIL');
    expect(lost).toMatchObject({ nodeList: 'gpu04', reason: 'NodeDown' });
  });

  test('squeue: gone is told from live', () => {
    expect(text('queue-gone.stderr')).toBe('slurm_load_jobs error: Invalid job id specified\n');
    expect(saysGone(text('queue-gone.stderr'))).toBe(true);
    expect(saysUnreachable(text('queue-gone.stderr'))).toBe(false);
  });

  test('sacct without accounting', () => {
    expect(saysNoAccounting(text('sacct-off.stderr'))).toBe(true);
  });
});

test('a controller that is down is not a refusal, and says nothing about the job', () => {
  for (const file of ['unreachable', 'refused-unreachable', 'scancel-unreachable']) {
    const stderr = recorded('24.11.5', `${file}.stderr`) ?? '';
    expect([saysUnreachable(stderr), saysGone(stderr)]).toEqual([true, false]);
  }
});

test.each([
  'sbatch: error: Batch job submission failed: Socket timed out on send/recv operation',
  'slurm_load_jobs error: Unable to contact slurm controller (connect failure)',
  'squeue: error: slurm_receive_msg: Zero Bytes were transmitted or received',
  'sbatch: error: Batch job submission failed: Protocol authentication error',
])('cannot be reached: %s', (stderr) => {
  expect(saysUnreachable(stderr)).toBe(true);
});

test.each([
  // eth-cscs/firecrest#54
  'scancel: error: Kill job error on job id 5: Invalid job id specified',
  'scancel: error: Kill job error on job id 8: Job/step already completing or completed',
])('has gone: %s', (stderr) => {
  expect(saysGone(stderr)).toBe(true);
});

test('squeue with --clusters names the cluster first', () => {
  expect(parseQueue('CLUSTER: hopper\n7|RUNNING|1|1795499705|1795499706|n1|(null)|None\n')).toHaveLength(1);
});

test('a Slurm that prints dates regardless loses the times, not the job', () => {
  expect(parseQueue('7|PENDING|1|2026-11-24T05:55:05|N/A||(null)|Priority\n')).toEqual([
    { number: '7', state: 'PENDING', nodes: 1, nodeList: '', comment: '', reason: 'Priority' },
  ]);
});

test('a reason may hold the delimiter', () => {
  expect(parseQueue('7|PENDING|1|N/A|N/A||(null)|maintenance|ask ops\n')[0]?.reason).toBe(
    'maintenance|ask ops',
  );
});

test('sinfo: nodes that get no new jobs, once each, without the marks of their states', () => {
  expect(
    parseNodes(
      'node1|draining|fan|left\nnode1|draining|fan|left\nnode2|down*|Not responding\nnode3|drained|none\n',
    ),
  ).toEqual([
    { node: 'node1', state: 'draining', reason: 'fan|left' },
    { node: 'node2', state: 'down', reason: 'Not responding' },
    { node: 'node3', state: 'drained', reason: '' },
  ]);
  expect(parseNodes('')).toEqual([]);
});

test('sacct: states with a tail, exit codes, nothing assigned', () => {
  const stdout = [
    '4242|COMPLETED|2|1795499705|1795499706|gpu[01-02]|0:0',
    '4243|CANCELLED by 1060117793|0|1795499705|Unknown|None assigned|0:0',
    '4244|FAILED|1|1795499705|1795499706|gpu01|3:0',
    '4245|OUT_OF_MEMORY|1|1795499705|1795499706|gpu01|0:125',
    '4246.batch|FAILED|1|1795499705|1795499706|gpu01|3:0',
    '',
  ].join('\n');
  const common = { submitted: 1795499705, comment: '', reason: '' };
  expect(parseAccounting(stdout)).toEqual([
    {
      ...common,
      number: '4242',
      state: 'COMPLETED',
      nodes: 2,
      nodeList: 'gpu[01-02]',
      started: 1795499706,
      exit: 0,
      signal: 0,
    },
    {
      ...common,
      number: '4243',
      state: 'CANCELLED by 1060117793',
      nodes: 0,
      nodeList: '',
      exit: 0,
      signal: 0,
    },
    {
      ...common,
      number: '4244',
      state: 'FAILED',
      nodes: 1,
      nodeList: 'gpu01',
      started: 1795499706,
      exit: 3,
      signal: 0,
    },
    {
      ...common,
      number: '4245',
      state: 'OUT_OF_MEMORY',
      nodes: 1,
      nodeList: 'gpu01',
      started: 1795499706,
      exit: 0,
      signal: 125,
    },
  ]);
});

test.each([
  ['test-only', { start: 1795507444, nodes: 'node[3-4]', partition: 'batch' }],
  ['test-only-later', { start: 1795521840, nodes: 'node[1-8]', partition: 'batch' }],
])('an estimate of the start: %s', (file, estimate) => {
  expect(parseEstimate(recorded('22.05.8', `${file}.stderr`) ?? '')).toEqual(estimate);
});

test('an estimate with a date, and one that is none', () => {
  const said =
    'sbatch: Job 3 to start at 2025-11-24T06:00:00 using 8 processors on nodes n1 in partition p\n';
  expect(parseEstimate(said)).toEqual({ nodes: 'n1', partition: 'p' });
  expect(parseEstimate('sbatch: error: invalid partition specified: nosuch\n')).toBeUndefined();
});

test.each([
  // src/common/slurm_errno.c, SLURMCTLD_COMMUNICATIONS_BACKOFF
  ['slurm_load_jobs error: Rate limit exceeded, please retry momentarily', true],
  ['squeue: RPC rate limited 3 time(s). Sleeping then trying again.', true],
  ['squeue: too many requests; see the user guide', true],
  ['slurm_load_jobs error: Unable to contact slurm controller (connect failure)', false],
])('asked too often: %s', (stderr, limited) => {
  expect([saysLimited(stderr), saysUnreachable(stderr)]).toEqual([limited, !stderr.includes('too many')]);
});

test.each([
  ['CANCELLED by 1000', 1000],
  ['CANCELLED by 0', 0],
  ['CANCELLED', undefined],
  ['FAILED', undefined],
])('%s was cancelled by %s', (state, uid) => {
  expect(cancellingUid(state)).toBe(uid);
});
