import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { localHost } from '../../../src/host/local.ts';
import type { JobId } from '../../../src/scheduler/job-id.ts';
import { slurmScheduler } from '../../../src/scheduler/slurm.ts';
import { submitRequest } from '../../../src/scheduler/slurm-argv.ts';
import { type Answer, stubSlurm } from '../stub-slurm.ts';
import { recorded } from './recorded.ts';

const { signal } = new AbortController();
const files = new Map([
  ['job.sbatch', { text: '#!/bin/bash\n', mode: 0o700 }],
  ['env/etcd.env', { text: '', mode: 0o600 }],
]);
const GONE = { stderr: 'slurm_load_jobs error: Invalid job id specified\n', exit: 1 };

const RUNNING = '1|RUNNING|2|1795500685|1795500688|gpu[01-02]|dyn-slurm:r1-0a1b2c|None\n';
const QUEUE = `${RUNNING}2|PENDING|4|1795500493|N/A||dyn-slurm:r2-0a1b2c|Resources
7|PENDING|1|1795500685|N/A||(null)|PartitionDown
`;

/** Milliseconds that a command that hangs has to answer in. */
const SOON = 3000;

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'dyn-slurm-test-'));
});

async function slurm(answers: Parameters<typeof stubSlurm>[0]) {
  const stub = await stubSlurm(answers);
  const host = localHost({ path: [stub.bin], env: { PATH: '/usr/bin:/bin' } });
  const hanging = Object.entries(answers ?? {}).filter(([, { hangs }]) => hangs);
  const timeouts = Object.fromEntries(hanging.map(([program]) => [program, SOON]));
  return { stub, host, scheduler: slurmScheduler(host, { timeouts, onceMore: 10 }) };
}

const run = () => ({ id: 'r1-0a1b2c', dir: join(root, 'r1-0a1b2c') });

test('what was shown is what is sent', async () => {
  const { scheduler, stub, host } = await slurm({ sbatch: { stdout: '4242\n' } });
  const request = submitRequest(run(), files);
  expect(await stub.calls()).toEqual([]);
  expect(request.script).toBe('#!/bin/bash\n');
  expect(await scheduler.submit(request, signal)).toBe('4242');
  expect(await stub.calls()).toEqual([request.command.join(' ')]);
  for (const [path, { text }] of request.files) {
    expect(await host.readText(join(request.run.dir, path))).toBe(text);
  }
});

test('secrets are written beside the request, and are no part of it', async () => {
  const { scheduler, host } = await slurm({ sbatch: { stdout: '4242\n' } });
  const request = submitRequest(run(), files);
  await scheduler.submit(request, signal, new Map([['env/etcd.secrets', { text: 'canary', mode: 0o600 }]]));
  expect(JSON.stringify([...request.files])).not.toContain('canary');
  expect(await host.readText(join(request.run.dir, 'env/etcd.secrets'))).toBe('canary');
});

test("a refusal is Slurm's own words, then a hint", async () => {
  const stderr = recorded('22.05.8', 'refused-partition.stderr') ?? '';
  const { scheduler } = await slurm({ sbatch: { stderr, exit: 1 } });
  const { dir } = run();
  await expect(scheduler.submit(submitRequest(run(), files), signal)).rejects.toMatchObject({
    code: 'rejected',
    message: [
      'sbatch: error: invalid partition specified: nosuch',
      'sbatch: error: Batch job submission failed: Invalid partition name specified',
      'sbatch refused the job (exit 1)',
      `  ran:  sbatch --parsable --chdir=${dir} --comment=dyn-slurm:r1-0a1b2c ${dir}/job.sbatch   on this machine`,
    ].join('\n'),
    hint: 'see the partitions with `sinfo -s`, then set slurm.partition',
  });
});

test('a controller that cannot be reached is no refusal', async () => {
  const stderr = recorded('24.11.5', 'refused-unreachable.stderr') ?? '';
  const { scheduler } = await slurm({ sbatch: { stderr, exit: 1 }, squeue: { stderr, exit: 1 } });
  await expect(scheduler.submit(submitRequest(run(), files), signal)).rejects.toMatchObject({
    code: 'connection',
    message: expect.stringMatching(/^sbatch printed no job id \(exit 1\)/),
  });
});

test('a job that was taken though the answer was lost is found by its comment', async () => {
  const { scheduler } = await slurm({
    sbatch: {
      stderr: 'sbatch: error: Batch job submission failed: Socket timed out on send/recv operation',
      exit: 1,
    },
    squeue: { stdout: QUEUE },
  });
  expect(await scheduler.submit(submitRequest(run(), files), signal)).toBe('1');
});

test("a run's job is found by its comment, and no other", async () => {
  const { scheduler } = await slurm({ squeue: { stdout: QUEUE } });
  expect([...(await scheduler.find(['r2-0a1b2c', 'r3-0a1b2c'], signal))]).toEqual([
    ['r2-0a1b2c', { jobId: '2', submitted: 1795500493, state: { word: 'PENDING', phase: 'pending' } }],
  ]);
});

const ids = ['1', '7'] as readonly string[] as readonly JobId[];

test('the first tier is one squeue for all', async () => {
  const { scheduler, stub } = await slurm({
    squeue: { stdout: QUEUE },
    sacct: {},
  });
  const status = await scheduler.status(ids, signal);
  expect([...status].map(([id, { word, phase, source }]) => [id, word, phase, source])).toEqual([
    ['1', 'RUNNING', 'running', 'squeue'],
    ['7', 'PENDING', 'pending', 'squeue'],
  ]);
  expect(await stub.calls()).toEqual([
    'squeue --local --noheader --states=all --format=%i|%T|%D|%V|%S %e|%N|%k|%r --me --jobs=1,7',
  ]);
});

test('the second tier asks accounting about those that left', async () => {
  const { scheduler, stub } = await slurm({
    squeue: { stdout: RUNNING },
    sacct: { stdout: '7|CANCELLED by 1000|2|1795499705|1795499706|gpu[01-02]|0:15\n' },
  });
  const status = await scheduler.status(ids, signal);
  expect([...status.values()].map(({ printed, end, source }) => [printed, end, source])).toEqual([
    ['RUNNING', undefined, 'squeue'],
    ['CANCELLED by 1000', 'cancelled', 'sacct'],
  ]);
  expect((await stub.calls()).map((call) => call.replace(/ .* /, ' '))).toEqual([
    'squeue --jobs=1,7',
    // It may be somebody else's.
    'squeue --jobs=7',
    'sacct --jobs=7',
  ]);
});

test.each<[string, Answer | undefined, number, unknown?]>([
  ['there is no accounting', { stderr: 'Slurm accounting storage is disabled\n', exit: 1 }, 1],
  // The machine's own may answer that it is of no cluster.
  ['there is no sacct', undefined, 0, expect.any(String)],
  [
    'the database is down',
    { stderr: 'sacct: error: Problem talking to the database: Connection refused', exit: 1 },
    2,
    'Problem talking to the database: Connection refused',
  ],
  ['accounting does not know them yet', {}, 2],
])('a job that nobody knows is gone, never failed: %s', async (_, sacct, calls, reason = '') => {
  const { scheduler, stub } = await slurm({ squeue: GONE, ...(sacct && { sacct }) });
  for (let look = 0; look < 2; look++) {
    const status = await scheduler.status(['7' as JobId], signal);
    expect([...status]).toEqual([
      ['7', { word: 'GONE', phase: 'gone', printed: '', reason, nodes: 0, nodeList: '', source: 'none' }],
    ]);
  }
  expect((await stub.calls()).filter((call) => call.startsWith('sacct'))).toHaveLength(calls);
});

test('Slurm that cannot be asked is trouble with the connection', async () => {
  const { scheduler } = await slurm({
    squeue: { stderr: recorded('24.11.5', 'unreachable.stderr') ?? '', exit: 1 },
  });
  await expect(scheduler.status(['7' as JobId], signal)).rejects.toMatchObject({
    code: 'connection',
    message: [
      'squeue cannot show the state of the job (exit 1)',
      "  ran:  squeue --local --noheader --states=all '--format=%i|%T|%D|%V|%S %e|%N|%k|%r' --jobs=7   on this machine",
      'slurm_load_jobs error: Unable to contact slurm controller (connect failure)',
    ].join('\n'),
  });
});

test('jobs of several clusters are asked for cluster by cluster', async () => {
  const { scheduler, stub } = await slurm({ squeue: GONE });
  await scheduler.status(['7', '8;hopper', '9'] as readonly string[] as readonly JobId[], signal);
  expect(
    (await stub.calls()).map((call) => call.split(' ').filter((word) => /jobs|clusters/.test(word))),
  ).toEqual([['--jobs=7,9'], ['--jobs=7,9'], ['--clusters=hopper', '--jobs=8']]);
});

test.each<[string, Answer]>([
  ['a live job', {}],
  [
    'a job that has gone',
    { stderr: 'scancel: error: Kill job error on job id 7: Invalid job id specified', exit: 1 },
  ],
  [
    'a job that ends',
    {
      stderr: 'scancel: error: Kill job error on job id 7: Job/step already completing or completed',
      exit: 1,
    },
  ],
])('cancel is safe to repeat: %s', async (_, scancel) => {
  const { scheduler, stub } = await slurm({ scancel });
  await scheduler.cancel('7' as JobId, signal);
  await scheduler.cancel('7' as JobId, signal);
  expect(await stub.calls()).toEqual(['scancel 7', 'scancel 7']);
});

test("somebody else's job is refused", async () => {
  const stderr = 'scancel: error: Kill job error on job id 7: Access/permission denied';
  const { scheduler } = await slurm({ scancel: { stderr, exit: 1 } });
  await expect(scheduler.cancel('7' as JobId, signal)).rejects.toMatchObject({ code: 'rejected' });
});

describe('a command that hangs', () => {
  test('squeue: its time runs out, and so does that of what it started', async () => {
    const { scheduler } = await slurm({ squeue: { hangs: true } });
    await expect(scheduler.status(['7' as JobId], signal)).rejects.toMatchObject({
      code: 'connection',
      message: expect.stringMatching(/^squeue did not end \(no answer within 3 s\)/),
    });
  });

  test('sbatch: the job is looked for by its comment', async () => {
    const { scheduler } = await slurm({
      sbatch: { hangs: true },
      squeue: { stdout: QUEUE },
    });
    expect(await scheduler.submit(submitRequest(run(), files), signal)).toBe('1');
  });

  test('sbatch, and the queue knows nothing: it stays open, and says what to do', async () => {
    const { scheduler, stub } = await slurm({ sbatch: { hangs: true }, squeue: {} });
    await expect(scheduler.submit(submitRequest(run(), files), signal)).rejects.toMatchObject({
      code: 'connection',
      message: expect.stringMatching(/^sbatch did not end/),
      hint: expect.stringContaining('`dyn-slurm status r1-0a1b2c` finds it by its comment'),
    });
    expect((await stub.calls()).map((call) => call.split(' ')[0])).toEqual(['sbatch', 'squeue', 'squeue']);
  });
});

test('an abort does not stop sbatch, so that its answer is not lost', async () => {
  const { scheduler } = await slurm({ sbatch: { stdout: '4242\n' } });
  const abort = new AbortController();
  const submitted = scheduler.submit(submitRequest(run(), files), abort.signal);
  abort.abort('SIGINT');
  expect(await submitted).toBe('4242');
});

test('nothing is sent after an abort', async () => {
  const { scheduler, stub } = await slurm({ sbatch: { stdout: '4242\n' } });
  const request = submitRequest(run(), files);
  await expect(scheduler.submit(request, AbortSignal.abort('SIGINT'))).rejects.toMatchObject({
    code: 'interrupted',
  });
  expect(await stub.calls()).toEqual([]);
});

test("Slurm's own check: when and where the job would start", async () => {
  const said =
    'sbatch: Job 6 to start at 1795521840 using 512 processors on nodes node[1-8] in partition batch\n';
  const { scheduler, stub } = await slurm({ sbatch: { stderr: said } });
  expect(await scheduler.test(submitRequest(run(), files), signal)).toEqual({
    start: 1795521840,
    nodes: 'node[1-8]',
    partition: 'batch',
    said: said.trim(),
  });
  expect(await stub.calls()).toEqual([
    `sbatch --test-only --chdir=${run().dir} --comment=dyn-slurm:r1-0a1b2c`,
  ]);
});

test('a job that the check refuses', async () => {
  const stderr = 'allocation failure: Invalid account or account/partition combination specified\n';
  const { scheduler } = await slurm({ sbatch: { stderr, exit: 1 } });
  await expect(scheduler.test(submitRequest(run(), files), signal)).rejects.toMatchObject({
    code: 'rejected',
    message: expect.stringMatching(/^allocation failure: .*\nsbatch would refuse the job \(exit 1\)\n/),
  });
});

test('who cancelled a job', async () => {
  const by = (state: string) => ({ stdout: `7|${state}|2|1795499705|1795499706|gpu[01-02]|0:15\n` });
  const { scheduler, stub } = await slurm({ sacct: by('CANCELLED by 1000') });
  expect(await scheduler.cancelledBy('7' as JobId, signal)).toBe(1000);
  await stub.answer('sacct', by('CANCELLED'));
  expect(await scheduler.cancelledBy('7' as JobId, signal)).toBeUndefined();
  await stub.answer('sacct', { stderr: 'Slurm accounting storage is disabled\n', exit: 1 });
  expect(await scheduler.cancelledBy('7' as JobId, signal)).toBeUndefined();
});
