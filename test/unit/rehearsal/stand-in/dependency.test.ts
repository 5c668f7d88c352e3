import { expect, test } from 'vitest';
import { dependencyState } from '../../../../src/rehearsal/slurm/job-record.ts';
import { aJob } from './a-job.ts';

const jobs = new Map([
  [1, aJob({ id: 1, state: 'COMPLETED' })],
  [2, aJob({ id: 2, state: 'FAILED' })],
  [3, aJob({ id: 3, state: 'RUNNING', started: 1 })],
  [4, aJob({ id: 4, state: 'COMPLETED', completing: true, started: 1 })],
  [5, aJob({ id: 5, state: 'PENDING' })],
]);

test.each([
  [undefined, 'met'],
  ['afterok:1', 'met'],
  ['afterok:2', 'never'],
  ['afternotok:2', 'met'],
  ['afternotok:1', 'never'],
  ['afterany:1:2', 'met'],
  ['afterany:3', 'waiting'],
  ['afterany:4', 'waiting'],
  ['after:3', 'met'],
  ['after:5', 'waiting'],
  ['afterok:1,afterok:3', 'waiting'],
  ['afterok:2,afterok:3', 'never'],
  ['afterok:99', 'met'],
] as const)('%s: %s', (dependency, state) => {
  expect(dependencyState(dependency, (id) => jobs.get(id))).toBe(state);
});
