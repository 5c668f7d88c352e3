import { expect, test } from 'vitest';
import { DEFAULT_FORMAT, JOB_COLUMNS } from '../../../../src/rehearsal/slurm/job-format.ts';
import {
  headingLine,
  parseFormat,
  parseLongFormat,
  tableLine,
} from '../../../../src/rehearsal/slurm/table-format.ts';
import { aJob } from './a-job.ts';

const now = Date.UTC(2026, 0, 1, 0, 1, 2);
const running = aJob({
  state: 'RUNNING',
  started: Date.UTC(2026, 0, 1),
  hosts: ['node0', 'node1'],
  comment: 'dyn-slurm:r1-abc',
});

test('the table that squeue shows unless told', () => {
  const format = parseFormat(DEFAULT_FORMAT, JOB_COLUMNS);
  expect([headingLine(format), tableLine(format, running, { now })].join('\n')).toBe(
    '             JOBID PARTITION     NAME     USER ST       TIME  NODES NODELIST(REASON)\n' +
      '                 7     batch averylon      ada  R       1:02      2 node[0-1]',
  );
});

test.each([
  ['%i|%T|%D|%V|%S|%N|%k|%r', '7|RUNNING|2|1767225599|1767225600|node[0-1]|dyn-slurm:r1-abc|None'],
  ['%5i|%.5i|%2T|%.12T|', '7    |    7|RU|     RUNNING|'],
  ['%M %l %L', '1:02 1:00:00 58:58'],
  ['%a %q %v %E', '(null) (null) (null) (null)'],
  ['<%i>', '<7>'],
])('--format=%s', (text, line) => {
  expect(tableLine(parseFormat(text, JOB_COLUMNS), running, { now, timeFormat: '%s' })).toBe(line);
});

test.each([
  ['JobID:|,State:|,Reason:|,NodeList', '7|RUNNING|None|node[0-1]           '],
  [
    'JobID:12,StateCompact:4,Reason:.20,Name: ,Comment:0',
    '7           R                   Noneaverylongname dyn-slurm:r1-abc',
  ],
  ['State:3,NumNodes:2', 'RUN2 '],
])('--Format=%s', (text, line) => {
  expect(tableLine(parseLongFormat(text, JOB_COLUMNS), running, { now })).toBe(line);
});

test('what it does not know is told', () => {
  expect(parseFormat('%i %y', JOB_COLUMNS).unknown).toEqual(['y']);
  expect(parseLongFormat('JobID,bogus', JOB_COLUMNS).unknown).toEqual(['bogus']);
});

test.each([
  [{ state: 'PENDING', reason: 'Dependency' }, 'PENDING PD Dependency (Dependency) N/A 0:00'],
  [{ state: 'FAILED', reason: 'NonZeroExitCode' }, 'FAILED F NonZeroExitCode (NonZeroExitCode) N/A 0:00'],
  [{ state: 'COMPLETED', hosts: ['node0'] }, 'COMPLETED CD None node0 N/A 0:00'],
  [{ state: 'CANCELLED', completing: true, hosts: ['node0'] }, 'COMPLETING CG None node0 N/A 0:00'],
] as const)('%j', (change, line) => {
  expect(tableLine(parseFormat('%T %t %r %R %S %M', JOB_COLUMNS), aJob(change), { now })).toBe(line);
});
