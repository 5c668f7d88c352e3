import { expect, test } from 'vitest';
import type { JobId } from '../../../src/scheduler/job-id.ts';
import {
  execCommand,
  hostnamesCommand,
  parseSteps,
  stepsCommand,
  superviseCommand,
} from '../../../src/scheduler/step-argv.ts';

const job = '4242' as JobId;

test("a session's supervisor is a step on the head node", () => {
  const dir = '/lustre/runs/r1-0a1b2c';
  expect(superviseCommand({ job, host: 'node1', dir, hosts: ['node1', 'node2'], owned: true })).toEqual([
    'srun',
    '--jobid=4242',
    '--nodes=1',
    '--ntasks=1',
    '--nodelist=node1',
    '--job-name=session',
    '--overlap',
    '--mpi=none',
    '--cpu-bind=none',
    '--export=HOME,USER,LOGNAME,LANG',
    '--propagate=NONE',
    '--input=none',
    '--chdir=/lustre/runs/r1-0a1b2c',
    '--output=/lustre/runs/r1-0a1b2c/job.log',
    '--open-mode=append',
    '/bin/bash',
    '-l',
    '/lustre/runs/r1-0a1b2c/job.sbatch',
    'node1,node2',
    'owned',
  ]);
});

const where = { job, host: 'node2' };
test.each([
  [
    'a command that reads nothing',
    { ...where, words: ['nvidia-smi', '-L'], options: [], terminal: false, fed: false },
    ['exec', '--input=none', 'nvidia-smi', '-L'],
  ],
  [
    'a command at the end of a pipe',
    { ...where, words: ['cat'], options: ['--container-image=/x.sqsh'], terminal: false, fed: true },
    ['exec', '--container-image=/x.sqsh', 'cat'],
  ],
  [
    'a shell',
    { ...where, words: ['bash'], options: [], terminal: true, fed: true },
    ['shell', '--pty', 'bash'],
  ],
] as const)('%s', (_, executed, [name, ...rest]) => {
  expect(execCommand(executed)).toEqual([
    'srun',
    '--jobid=4242',
    '--nodes=1',
    '--ntasks=1',
    '--nodelist=node2',
    `--job-name=${name}`,
    '--overlap',
    '--mpi=none',
    '--cpu-bind=none',
    ...rest,
  ]);
});

test('a job of another cluster is asked for there', () => {
  const id = '4242;hopper' as JobId;
  expect(stepsCommand(id)).toEqual([
    'squeue',
    '--clusters=hopper',
    '--noheader',
    '--steps',
    '--jobs=4242',
    '--format=%i|%j',
  ]);
  expect(
    execCommand({ job: id, host: 'n', words: ['x'], options: [], terminal: false, fed: false }).slice(0, 3),
  ).toEqual(['srun', '--clusters=hopper', '--jobid=4242']);
});

test('running steps', () => {
  expect(parseSteps('4242.0|session\n4242.1|decode-0\n4242.batch|batch\nCLUSTER: hopper\n\n')).toEqual([
    { id: '4242.0', name: 'session' },
    { id: '4242.1', name: 'decode-0' },
    { id: '4242.batch', name: 'batch' },
  ]);
});

test('names of nodes', () => {
  expect(hostnamesCommand('gpu[01-03,7]')).toEqual(['scontrol', 'show', 'hostnames', 'gpu[01-03,7]']);
});
