import { describe, expect, test } from 'vitest';
import { parseAllocated } from '../../../src/scheduler/allocated.ts';
import { readState } from '../../../src/scheduler/job-state.ts';
import { parseAllocation } from '../../../src/scheduler/salloc.ts';
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
import { parseSteps } from '../../../src/scheduler/step-argv.ts';
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

/** Of a controller that is down, and where it was recorded of one that was ending. */
const TROUBLE = [
  ['unreachable', true],
  ['refused-unreachable', true],
  ['scancel-unreachable', true],
  ['reset', false],
  ['refused-reset', false],
  ['scancel-reset', false],
] as const;

describe.each(RELEASES)('Slurm %s', (release) => {
  const text = (file: string) => recorded(release, file) ?? '';
  const lines = (file: string) => text(file).trimEnd().split('\n').length;

  test('sbatch', () => {
    expect(parseSubmitted(text('submitted.stdout'))).toMatch(/^\d+$/);
  });

  test('squeue: every line is a job of a known state', () => {
    for (const file of [
      'queue.stdout',
      'queue-own.stdout',
      'queue-completing.stdout',
      'queue-ended.stdout',
    ]) {
      const rows = parseQueue(text(file));
      expect(rows).toHaveLength(lines(file));
      expect(rows.filter(({ state }) => readState(state).phase === 'unknown')).toEqual([]);
      expect(rows.filter(({ submitted }) => submitted === undefined)).toEqual([]);
    }
  });

  test('squeue: running, waiting, and why', () => {
    const rows = parseQueue(text('queue.stdout'));
    const ours = (id: string) => rows.find(({ comment }) => comment === `dyn-slurm:${id}`);
    const { started, ...waits } = ours('r2-0a1b2c') ?? {};
    expect(ours('r1-0a1b2c')).toEqual({
      number: expect.stringMatching(/^\d+$/),
      state: 'RUNNING',
      nodes: 2,
      nodeList: 'node[1-2]',
      submitted: expect.any(Number),
      started: expect.any(Number),
      comment: 'dyn-slurm:r1-0a1b2c',
      reason: '',
    });
    // Once the backfill scheduler has seen it, it has an expected start.
    expect(waits).toEqual({
      number: expect.stringMatching(/^\d+$/),
      state: 'PENDING',
      nodes: 3,
      nodeList: '',
      submitted: expect.any(Number),
      comment: 'dyn-slurm:r2-0a1b2c',
      reason: expect.stringMatching(/^(Resources|Priority)$/),
    });
  });

  test('squeue: how jobs end', () => {
    const states = new Set(parseQueue(text('queue-completing.stdout')).map(({ state }) => state));
    expect([...states]).toEqual(
      expect.arrayContaining([
        'CANCELLED',
        'COMPLETED',
        'COMPLETING',
        'FAILED',
        'PENDING',
        'RUNNING',
        'SUSPENDED',
      ]),
    );
    const ended = parseQueue(text('queue-ended.stdout')).map((row) => [
      row.comment,
      { ...row, ...readState(row.state) },
    ]);
    expect(Object.fromEntries(ended)).toMatchObject({
      late: { state: 'TIMEOUT', reason: 'TimeLimit', end: 'timeout' },
      suspended: { state: 'NODE_FAIL', nodeList: 'node4', reason: 'NodeDown', end: 'failed' },
      preempted: { state: 'PREEMPTED', end: 'cancelled' },
      cancelled: { state: 'CANCELLED', end: 'cancelled' },
      requeued: { state: 'PENDING', reason: 'BeginTime' },
    });
  });

  test('squeue: gone is told from live', () => {
    expect(text('queue-gone.stderr')).toBe('slurm_load_jobs error: Invalid job id specified\n');
    expect(saysGone(text('queue-gone.stderr'))).toBe(true);
    expect(saysUnreachable(text('queue-gone.stderr'))).toBe(false);
  });

  test('sacct: every line is a job of a known state', () => {
    const rows = parseAccounting(text('sacct.stdout'));
    expect(rows).toHaveLength(lines('sacct.stdout'));
    expect(rows.filter(({ state }) => readState(state).phase === 'unknown')).toEqual([]);
    const ended = (state: string) => rows.filter((row) => row.state === state);
    expect(ended('FAILED')).toContainEqual(
      expect.objectContaining({ nodeList: 'node1', exit: 3, signal: 0 }),
    );
    expect(ended('FAILED')).toContainEqual(expect.objectContaining({ exit: 0, signal: 11 }));
    expect(ended('TIMEOUT')).toContainEqual(expect.objectContaining({ nodeList: 'node3' }));
    expect(ended('NODE_FAIL')).toContainEqual(expect.objectContaining({ nodeList: 'node4' }));
    expect(ended('PREEMPTED')).toContainEqual(expect.objectContaining({ nodeList: 'node2' }));
    const cancelled = rows.filter(({ state }) => cancellingUid(state) === 20001);
    expect(cancelled.length).toBeGreaterThan(8);
  });

  test('sacct without accounting, and with a database that is down', () => {
    expect(saysNoAccounting(text('sacct-off.stderr'))).toBe(true);
    expect(text('sacct-down.stderr')).toContain('sacct: error: Problem talking to the database');
    expect(saysNoAccounting(text('sacct-down.stderr'))).toBe(false);
  });

  test('an estimate of the start', () => {
    const estimate = (file: string) => parseEstimate(text(file));
    expect(estimate('test-only.stderr')).toEqual({
      start: expect.any(Number),
      nodes: expect.stringMatching(/^node\[/),
      partition: 'batch',
    });
    expect(estimate('test-only-later.stderr')).toMatchObject({ nodes: 'node[1-3]' });
    expect(estimate('test-only-refused.stderr')).toBeUndefined();
  });

  test('salloc', () => {
    const granted = parseAllocation(text('allocated.stderr'));
    expect(granted).toEqual({ job: expect.stringMatching(/^\d+$/), granted: true, withdrawn: false });
    expect(parseAllocation(text('allocate-refused.stderr'))).toEqual({ granted: false, withdrawn: false });
    const { left, groups } = parseAllocated(text('scontrol-allocated.stdout'));
    expect(left).toBeGreaterThan(3500);
    // Nodes that have the same of everything are one group: `node[1-2]`.
    const each = groups.flatMap(({ nodes, gpus }) => {
      const [first = 0, last = first] = (nodes.match(/\d+/g) ?? []).map(Number);
      return Array<number>(last - first + 1).fill(gpus);
    });
    expect(each).toEqual([4, 4, 4]);
    expect(parseSteps(text('steps.stdout'))).toContainEqual({ id: `${granted.job}.0`, name: 'sleep' });
  });

  test('a controller that is down is not a refusal, and says nothing about the job', () => {
    for (const [file, there] of TROUBLE) {
      if (!there && text(`${file}.stderr`) === '') continue;
      expect([saysUnreachable(text(`${file}.stderr`)), saysGone(text(`${file}.stderr`))]).toEqual([
        true,
        false,
      ]);
    }
  });
});

test.each([
  'sbatch: error: Batch job submission failed: Socket timed out on send/recv operation',
  'slurm_load_jobs error: Unable to contact slurm controller (connect failure)',
  'squeue: error: slurm_receive_msg: Zero Bytes were transmitted or received',
  'sbatch: error: Batch job submission failed: Protocol authentication error',
  // 24.11 and later, from a slurmctld that is ending.
  'sbatch: error: Batch job submission failed: Connection reset by peer',
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

test.each([
  ['1795499706 1795514106', { started: 1795499706, ends: 1795514106 }],
  ['1795499706 NONE', { started: 1795499706 }],
  ['N/A N/A', {}],
  ['2026-11-24T05:55:05 2026-11-24T09:55:05', {}],
])('start and end of a job: %s', (times, expected) => {
  const [row] = parseQueue(`7|RUNNING|1|1795499705|${times}|n1|(null)|None\n`);
  const { started, ends } = row ?? {};
  expect({ started, ends }).toEqual({ started: undefined, ends: undefined, ...expected });
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
