import { expect, test } from 'vitest';
import {
  batchEnvironment,
  exportedEnvironment,
  submittedEnvironment,
  taskEnvironment,
} from '../../../../src/rehearsal/slurm/node-environment.ts';
import type { StandIn } from '../../../../src/rehearsal/slurm/state-dir.ts';
import { aJob } from './a-job.ts';

const standIn: StandIn = {
  dir: '/tmp',
  killWait: 30_000,
  nodeBin: '/package/rehearsal/node-bin',
  nodePath: ['/package/rehearsal/node-bin', '/state/bin', '/tools/bin'],
  faults: [],
  entry: '/package/dist/rehearsal/slurm.js',
  handed: { DYN_SLURM_STANDIN_DIR: '/tmp' },
};
const job = aJob({ id: 1, nodes: 3, gpusPerNode: 2 });

/** What every process of the job has. */
const ofJob = {
  CUDA_VISIBLE_DEVICES: '0,1',
  DYN_SLURM_REHEARSAL: '1',
  DYN_SLURM_STANDIN_DIR: '/tmp',
  DYN_SLURM_STANDIN_JOB: expect.stringMatching(/^[0-9a-f]{8}\.1$/),
  SLURM_CLUSTER_NAME: 'rehearsal',
  SLURM_GPUS_ON_NODE: '2',
  SLURM_JOB_ID: '1',
  SLURM_JOB_NODELIST: 'node[0-2]',
  SLURM_JOB_NUM_NODES: '3',
  SLURM_LOCALID: '0',
};

test("a job starts from the environment of sbatch, and has a node's programs first", () => {
  expect(submittedEnvironment({ FOO: 'foo', PATH: '/opt/bin' }, '/home', standIn)).toEqual({
    FOO: 'foo',
    PATH: '/package/rehearsal/node-bin:/state/bin:/tools/bin:/opt/bin',
    SLURM_SUBMIT_DIR: '/home',
  });
});

test('the batch script runs on the first node', () => {
  expect(batchEnvironment({ FOO: 'foo' }, job, standIn)).toEqual({
    ...ofJob,
    DYN_SLURM_NODE_ADDR: '127.21.0.10',
    DYN_SLURM_STANDIN_STEP: 'batch',
    FOO: 'foo',
    HOSTNAME: 'node0',
    SLURMD_NODENAME: 'node0',
    SLURM_EXPORT_ENV: 'ALL',
    SLURM_JOB_NAME: 'r1',
    SLURM_NNODES: '3',
    SLURM_NODEID: '0',
    SLURM_NTASKS: '3',
    SLURM_PROCID: '0',
  });
});

test.each([
  ['/opt/bin', '/package/rehearsal/node-bin:/opt/bin'],
  ['/package/rehearsal/node-bin:/opt/bin', '/package/rehearsal/node-bin:/opt/bin'],
])("a task knows its node and its rank, and finds a node's programs first in %s", (path, expected) => {
  const step = { step: 4, name: 'decode-0' };
  expect(taskEnvironment({ PATH: path }, job, step, 2, { task: 1, node: 2 }, standIn)).toEqual({
    ...ofJob,
    DYN_SLURM_NODE_ADDR: '127.21.0.12',
    DYN_SLURM_STANDIN_STEP: '4',
    HOSTNAME: 'node2',
    PATH: expected,
    SLURMD_NODENAME: 'node2',
    SLURM_JOB_NAME: 'decode-0',
    SLURM_NNODES: '2',
    SLURM_NODEID: '1',
    SLURM_NTASKS: '2',
    SLURM_PROCID: '1',
    SLURM_STEP_ID: '4',
  });
});

test.each([
  [undefined, ['HOME', 'SECRET', 'SLURM_JOB_ID', 'TMPDIR']],
  ['ALL', ['HOME', 'SECRET', 'SLURM_JOB_ID', 'TMPDIR']],
  ['HOME,MISSING', ['HOME', 'SLURM_JOB_ID', 'TMPDIR']],
])('srun --export=%s', (exported, names) => {
  const env = { HOME: '/home/ada', SECRET: 'x', SLURM_JOB_ID: '7', TMPDIR: '/scratch' };
  expect(Object.keys(exportedEnvironment(env, exported))).toEqual(names);
});
