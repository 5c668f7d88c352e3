import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import process from 'node:process';
import { expect, test } from 'vitest';
import { nodeAddress } from '../../../../src/rehearsal/slurm/job-record.ts';
import {
  claimJobId,
  claimStep,
  firstJobId,
  listJobs,
  readJob,
  runningSteps,
  writeJob,
  writeStep,
} from '../../../../src/rehearsal/slurm/job-store.ts';
import { identify, JOB_MARK, STEP_MARK } from '../../../../src/rehearsal/slurm/process-table.ts';
import { jobMark, readStandIn } from '../../../../src/rehearsal/slurm/state-dir.ts';
import { temporaryFolder } from '../../../world.ts';
import { aJob } from './a-job.ts';

const open = () => readStandIn({ DYN_SLURM_STANDIN_DIR: temporaryFolder() }, '/package', '/entry');
const self = identify(process.pid);
const gone = { pid: process.pid, start: 'another' };

/** Long ago. */
const submitted = Date.UTC(2026, 0, 1);

test('jobs and their steps are numbered in order, and found again', () => {
  const standIn = open();
  const jobs = [1, 2].map(() => {
    const job = aJob({ id: claimJobId(standIn), submitted, state: 'RUNNING', daemon: self });
    writeJob(standIn, job);
    return job;
  });
  const [first = 0, second = 0] = jobs.map(({ id }) => id);
  expect(second).toBe(first + 1);
  expect(listJobs(standIn)).toEqual(jobs);
  const steps = ['etcd', 'nats'].map((name) => {
    const step = { step: claimStep(standIn, second), name, srun: gone, processes: [] };
    writeStep(standIn, second, step);
    return step;
  });
  expect(runningSteps(standIn, second)).toEqual(steps);
  writeStep(standIn, second, { step: 0, name: 'etcd', srun: gone, processes: [], ended: 1 });
  expect(runningSteps(standIn, second).map(({ name }) => name)).toEqual(['nats']);
});

/** A process that carries the mark of a job, until it is killed. */
async function marked(dir: string, job: number) {
  const env = { [JOB_MARK]: jobMark(dir, job), [STEP_MARK]: 'batch' };
  const child = spawn('/bin/sleep', ['60'], { env });
  await once(child, 'spawn');
  return child;
}

test.each([
  ['of another version, which names its daemon otherwise', { keeper: self }, { state: 'RUNNING' }],
  ['whose daemon lives', { daemon: self }, { state: 'RUNNING' }],
  ['whose daemon is gone', { daemon: gone }, { state: 'NODE_FAIL', reason: 'NodeDown' }],
])('a running job %s', async (_, change, seen) => {
  const standIn = open();
  const id = claimJobId(standIn);
  writeJob(standIn, aJob({ id, submitted, state: 'RUNNING', ...change }));
  const child = await marked(standIn.dir, id);
  const ended = once(child, 'exit');
  expect(readJob(standIn, id)).toMatchObject(seen);
  if (seen.state === 'RUNNING') child.kill('SIGTERM');
  expect(await ended).toEqual([null, seen.state === 'RUNNING' ? 'SIGTERM' : 'SIGKILL']);
});

test('a job whose daemon never came has failed', () => {
  const standIn = open();
  const id = claimJobId(standIn);
  writeJob(standIn, aJob({ id, submitted }));
  expect(readJob(standIn, id)).toMatchObject({ state: 'NODE_FAIL', completing: false });
  writeJob(standIn, aJob({ id, submitted: Date.now() }));
  expect(readJob(standIn, id)).toMatchObject({ state: 'PENDING' });
});

test('stand-ins in different folders begin with different ids', () => {
  const ids = Array.from({ length: 40 }, (_, index) => firstJobId({ dir: `/state/${index}` }));
  expect(new Set(ids).size).toBeGreaterThan(30);
  expect(ids.filter((id) => id < 101 || id > 300)).toEqual([]);
});

test('an id whose node addresses another stand-in uses is passed over', async () => {
  const standIn = open();
  const next = claimJobId(standIn) + 1;
  const other = createServer().listen(0, nodeAddress(next, 3));
  await once(other, 'listening');
  expect(claimJobId(standIn)).toBeGreaterThan(next);
  other.close();
});
