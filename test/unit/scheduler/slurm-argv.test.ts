import { expect, test } from 'vitest';
import type { JobId } from '../../../src/scheduler/job-id.ts';
import type { Dependency, SubmitRequest } from '../../../src/scheduler/scheduler.ts';
import {
  accountingCommand,
  cancelCommand,
  nodesCommand,
  ownQueueCommand,
  queueCommand,
  submitRequest,
  testCommand,
} from '../../../src/scheduler/slurm-argv.ts';

const ids = (...texts: readonly string[]) => texts as readonly JobId[];

const submitCommand = (run: SubmitRequest['run'], after: readonly Dependency[] = []) =>
  submitRequest(run, new Map([['job.sbatch', { text: '', mode: 0o700 }]]), after).command;

test('submit', () => {
  expect(submitCommand({ id: 'r1-0a1b2c', dir: '/lustre/me/my runs/r1-0a1b2c' })).toEqual([
    'sbatch',
    '--parsable',
    '--chdir=/lustre/me/my runs/r1-0a1b2c',
    '--comment=dyn-slurm:r1-0a1b2c',
    '/lustre/me/my runs/r1-0a1b2c/job.sbatch',
  ]);
});

test('status of several jobs is one call', () => {
  expect(queueCommand(ids('4242', '4243'))).toEqual([
    'squeue',
    '--local',
    '--noheader',
    '--states=all',
    '--format=%i|%T|%D|%V|%S %e|%N|%k|%r',
    '--jobs=4242,4243',
  ]);
});

test("where they are all one's own, slurmctld need not send everybody's", () => {
  expect(queueCommand(ids('4242', '4243'), true).slice(-2)).toEqual(['--me', '--jobs=4242,4243']);
  expect(queueCommand(ids('4242'), true).slice(-2)).toEqual([
    '--format=%i|%T|%D|%V|%S %e|%N|%k|%r',
    '--jobs=4242',
  ]);
});

test('a job after others', () => {
  const run = { id: 'r1-0a1b2c', dir: '/runs/r1-0a1b2c' };
  const after = [
    { when: 'afterany', jobs: ids('1') },
    { when: 'afterok', jobs: ids('2', '3;hopper') },
  ] as const;
  expect(submitCommand(run, after).slice(2)).toEqual([
    '--chdir=/runs/r1-0a1b2c',
    '--comment=dyn-slurm:r1-0a1b2c',
    '--dependency=afterany:1,afterok:2:3',
    '--kill-on-invalid-dep=yes',
    '/runs/r1-0a1b2c/job.sbatch',
  ]);
  expect(submitCommand(run, [{ when: 'afterany', jobs: ids('1') }])).not.toContain(
    '--kill-on-invalid-dep=yes',
  );
});

test('a check of a job takes its script from standard input', () => {
  expect(testCommand(submitCommand({ id: 'r1-0a1b2c', dir: '/runs/r1-0a1b2c' }))).toEqual([
    'sbatch',
    '--test-only',
    '--chdir=/runs/r1-0a1b2c',
    '--comment=dyn-slurm:r1-0a1b2c',
  ]);
});

test('all jobs of the user', () => {
  expect(ownQueueCommand()).toEqual([
    'squeue',
    '--local',
    '--noheader',
    '--states=all',
    '--format=%i|%T|%D|%V|%S %e|%N|%k|%r',
    '--me',
  ]);
});

test('accounting', () => {
  expect(accountingCommand(ids('4242'))).toEqual([
    'sacct',
    '--noheader',
    '--parsable2',
    '--allocations',
    '--format=JobIDRaw,State,NNodes,Submit,Start,NodeList,ExitCode',
    '--jobs=4242',
  ]);
});

test('nodes that get no new jobs', () => {
  expect(nodesCommand(['node1', 'node3'])).toEqual([
    'sinfo',
    '--noheader',
    '--Node',
    '--states=drain,down,fail',
    '--format=%N|%T|%E',
    '--nodes=node1,node3',
  ]);
});

test('cancel', () => {
  expect(cancelCommand('4242' as JobId)).toEqual(['scancel', '4242']);
});

test('a job of another cluster is asked for there', () => {
  const id = '4242;hopper' as JobId;
  expect([queueCommand([id]).slice(0, 2), accountingCommand([id]).slice(0, 2), cancelCommand(id)]).toEqual([
    ['squeue', '--clusters=hopper'],
    ['sacct', '--clusters=hopper'],
    ['scancel', '--clusters=hopper', '4242'],
  ]);
});
