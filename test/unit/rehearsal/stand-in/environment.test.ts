import { expect, test } from 'vitest';
import {
  engineFolders,
  nodeEngineVariables,
  readNodeEngine,
} from '../../../../src/rehearsal/slurm/engine.ts';
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
  root: '/package',
  path: ['/state/bin', '/tools/bin'],
  engine: undefined,
  faults: [],
  entry: '/package/dist/rehearsal/slurm.js',
  handed: { DYN_SLURM_STANDIN_DIR: '/tmp' },
};
const job = aJob({ id: 1, nodes: 3, gpusPerNode: 2 });

const REPLACED = '/package/rehearsal/node-bin:/package/rehearsal/mock-bin';

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
    PATH: '/package/rehearsal/node-bin:/package/rehearsal/mock-bin:/state/bin:/tools/bin:/opt/bin',
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
  ['/opt/bin', `${REPLACED}:/opt/bin`],
  [`${REPLACED}:/opt/bin`, `${REPLACED}:/opt/bin`],
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

test('with engines of its own a node has the programs of this machine, but for ip and those that use GPUs', () => {
  const engine = { kind: 'real', python: '/venv/bin/python' } as const;
  const real = { ...standIn, engine, handed: { ...standIn.handed, ...nodeEngineVariables(engine) } };
  const submitted = submittedEnvironment({ PATH: '/opt/bin' }, '/home', real);
  expect(submitted.PATH).toBe(
    '/package/rehearsal/node-bin:/package/rehearsal/real-bin:/state/bin:/tools/bin:/venv/bin:/opt/bin',
  );
  const step = { step: 4, name: 'decode-0' };
  const place = { task: 1, node: 2 };
  // Whoever calls srun may know nothing of the job's engine, or be set to another.
  for (const caller of [standIn, real]) {
    const env = taskEnvironment({ PATH: '/opt/bin' }, { ...job, engine }, step, 2, place, caller);
    const { PATH, DYN_SLURM_REHEARSAL, DYN_SLURM_STANDIN_ENGINE } = env;
    expect({ PATH, DYN_SLURM_REHEARSAL, DYN_SLURM_STANDIN_ENGINE }).toEqual({
      PATH: '/package/rehearsal/node-bin:/package/rehearsal/real-bin:/opt/bin',
      DYN_SLURM_REHEARSAL: undefined,
      DYN_SLURM_STANDIN_ENGINE: 'real:/venv/bin/python',
    });
  }
  const mocked = taskEnvironment({}, job, step, 2, place, real);
  expect(mocked).toMatchObject({ DYN_SLURM_REHEARSAL: '1', DYN_SLURM_STANDIN_ENGINE: undefined });
});

test("the folder of an engine's programs that PATH has keeps its place", () => {
  const path = '/opt/bin:/usr/bin';
  expect(engineFolders({ kind: 'real', python: '/usr/bin/python3' }, path)).toEqual([]);
  expect(engineFolders({ kind: 'cpu', python: '/venv/bin/python' }, path)).toEqual(['/venv/bin']);
});

test.each([
  [undefined, undefined],
  ['', undefined],
  ['mock', undefined],
  ['cpu:/a b/bin/python', { kind: 'cpu', python: '/a b/bin/python' }],
  ['real:/usr/bin/python3', { kind: 'real', python: '/usr/bin/python3' }],
])('DYN_SLURM_STANDIN_ENGINE=%s', (text, engine) => {
  const read = readNodeEngine({ DYN_SLURM_STANDIN_ENGINE: text });
  expect(read).toEqual(engine);
  expect(readNodeEngine(nodeEngineVariables(read))).toEqual(engine);
});

test.each(['gpu', 'cpu', 'real:python3', 'mock:/usr/bin/python3'])(
  'DYN_SLURM_STANDIN_ENGINE=%s is refused',
  (text) => {
    expect(() => readNodeEngine({ DYN_SLURM_STANDIN_ENGINE: text })).toThrow(
      `DYN_SLURM_STANDIN_ENGINE=${text} is none of mock, cpu:PYTHON and real:PYTHON`,
    );
  },
);

test.each([
  [undefined, ['HOME', 'SECRET', 'SLURM_JOB_ID', 'TMPDIR']],
  ['ALL', ['HOME', 'SECRET', 'SLURM_JOB_ID', 'TMPDIR']],
  ['HOME,MISSING', ['HOME', 'SLURM_JOB_ID', 'TMPDIR']],
])('srun --export=%s', (exported, names) => {
  const env = { HOME: '/home/ada', SECRET: 'x', SLURM_JOB_ID: '7', TMPDIR: '/scratch' };
  expect(Object.keys(exportedEnvironment(env, exported))).toEqual(names);
});
