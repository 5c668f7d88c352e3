import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { localHost } from '../../../src/host/local.ts';
import { createRun, findRun, listRuns, type Run, recordJob } from '../../../src/run/folder.ts';
import type { JobId } from '../../../src/scheduler/job-id.ts';

const host = localHost({ path: [], env: {} });

let root: string;
let runs: readonly Run[];
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'dyn-slurm-test-'));
  const add = async (name: string, hex: string, jobId: string, submitted: string) => {
    const run = createRun(root, name, hex);
    await host.writeFiles(run.dir, new Map([['job.sbatch', { text: '', mode: 0o700 }]]));
    if (jobId !== '') await recordJob(host, run, { jobId: jobId as JobId, cluster: 'hopper', submitted });
  };
  await add('r1', '0a1b2c', '41', '2025-11-24T05:00:00.000Z');
  await add('r1', '0a9999', '42;lab', '2025-11-24T06:00:00.000Z');
  await add('r1-wide', 'ffffff', '43', '2025-11-24T04:00:00.000Z');
  await add('cut-off', '123456', '', '');
  await mkdir(join(root, 'something-else'));
  runs = await listRuns(host, root);
});

test('runs are listed newest first, those without a job last', () => {
  expect(runs.map(({ id }) => id)).toEqual(['r1-0a9999', 'r1-0a1b2c', 'r1-wide-ffffff', 'cut-off-123456']);
  expect(runs[0]).toEqual({
    id: 'r1-0a9999',
    name: 'r1',
    dir: join(root, 'r1-0a9999'),
    job: { jobId: '42;lab', cluster: 'hopper', submitted: '2025-11-24T06:00:00.000Z' },
  });
});

test("a session's job is noted with its allocation", async () => {
  const session = { allocation: 'borrowed', hosts: ['node1', 'node2'] } as const;
  const run = createRun(root, 'r2', 'abcdef');
  const job = { jobId: '44' as JobId, cluster: 'hopper', submitted: '2025-11-24T07:00:00.000Z', session };
  await recordJob(host, run, job);
  expect((await listRuns(host, root))[0]?.job).toEqual(job);
});

test.each([
  ['the id', 'r1-0a1b2c', 'r1-0a1b2c'],
  ['the beginning of one id', 'r1-w', 'r1-wide-ffffff'],
  ["the job's number", '43', 'r1-wide-ffffff'],
  ["the job's number on another cluster", '42', 'r1-0a9999'],
  ['a relative path', './r1-0a1b2c', 'r1-0a1b2c'],
  ['a path with a slash at its end', 'r1-0a1b2c/', 'r1-0a1b2c'],
  ['a file of the run', 'r1-0a1b2c/job.json', 'r1-0a1b2c'],
  ['nothing', 'r2', undefined],
  ['a path of nothing', './something-else', undefined],
])('%s', async (_, query, id) => {
  expect((await findRun(host, runs, query, root))?.id).toBe(id);
});

test('the current folder', async () => {
  expect((await findRun(host, [], '.', join(root, 'r1-0a1b2c')))?.job?.jobId).toBe('41');
});

test('a beginning that several runs have is refused', async () => {
  await expect(findRun(host, runs, 'r1', root)).rejects.toMatchObject({
    code: 'usage',
    message: 'several runs begin with r1: r1-0a9999, r1-0a1b2c, r1-wide-ffffff',
  });
});

test('a job.json that is half written counts as none', async () => {
  const run = createRun(root, 'half', 'abcdef');
  await host.writeFiles(run.dir, new Map([['job.sbatch', { text: '', mode: 0o700 }]]));
  await writeFile(join(run.dir, 'job.json'), '{"jobId":"4');
  expect((await listRuns(host, root)).find(({ id }) => id === run.id)).not.toHaveProperty('job');
});
