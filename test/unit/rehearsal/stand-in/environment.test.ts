import { expect, test } from 'vitest';
import { exportedEnvironment, stepBase } from '../../../../src/rehearsal/slurm/exported-environment.ts';
import type { Site } from '../../../../src/rehearsal/slurm/site.ts';

const site: Site = {
  dir: '/state',
  maxNodes: 250,
  killWait: 30_000,
  minJobAge: 300_000,
  path: ['/tools/bin'],
  faults: [],
  nodeBin: '/package/rehearsal/node-bin',
  entry: '/package/dist/rehearsal/slurm.js',
  handed: {},
};
const env = {
  HOME: '/home/ada',
  PATH: '/opt/bin',
  SECRET: 'x',
  FOO: 'foo',
  SLURM_JOB_ID: '7',
  TMPDIR: '/scratch',
};
const system = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const node = '/package/rehearsal/node-bin:/state/bin:/tools/bin';
const login = { HOME: '/home/ada', USER: 'ada', LOGNAME: 'ada', TMPDIR: '/tmp', PATH: `${node}:${system}` };

test.each([
  [undefined, { ...env, PATH: `${node}:/opt/bin` }],
  ['ALL', { ...env, PATH: `${node}:/opt/bin` }],
  ['NONE', login],
  ['FOO,BAR=3', { ...login, FOO: 'foo', BAR: '3' }],
  ['ALL,FOO=bar', { ...env, FOO: 'bar', PATH: `${node}:/opt/bin` }],
  ['MISSING', login],
])('sbatch --export=%s', (exported, expected) => {
  expect(exportedEnvironment(env, exported, 'ada', site)).toEqual(expected);
});

test.each([
  [env, undefined, env],
  [
    { ...env, SLURM_EXPORT_ENV: 'NONE' },
    undefined,
    { SLURM_JOB_ID: '7', SLURM_EXPORT_ENV: 'NONE', TMPDIR: '/scratch' },
  ],
  [{ ...env, SLURM_EXPORT_ENV: 'NONE' }, 'ALL', { ...env, SLURM_EXPORT_ENV: 'NONE' }],
  [env, 'NONE', { SLURM_JOB_ID: '7', TMPDIR: '/scratch' }],
  [env, 'FOO,BAR=3', { SLURM_JOB_ID: '7', TMPDIR: '/scratch', FOO: 'foo', BAR: '3' }],
  [env, 'ALL,BAR=3', { ...env, BAR: '3' }],
])('srun in %j with --export=%s', (from, exported, expected) => {
  expect(stepBase(from, exported)).toEqual(expected);
});
