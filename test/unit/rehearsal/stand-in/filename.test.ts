import { expect, test } from 'vitest';
import { fillFilename, isPerTask } from '../../../../src/rehearsal/slurm/filename.ts';

const fields = { job: 42, step: '7', name: 'r1', user: 'ada', host: 'node3', node: 1, task: 2 };

test.each([
  ['logs/%x-%j.out', 'logs/r1-42.out'],
  ['%N.%n.%t', 'node3.1.2'],
  ['%3t-%05n', '002-00001'],
  ['%J %s %A %u', '42.7 7 42 ada'],
  ['%%j', '%j'],
  ['%%%j', '%42'],
  ['%q', '%q'],
  ['100%', '100%'],
  ['%5N', 'node3'],
  ['%a', '4294967294'],
])('%j becomes %j', (pattern, name) => {
  expect(fillFilename(pattern, fields)).toBe(name);
});

test.each([
  ['logs/x.%N.log', true],
  ['%t', true],
  ['%3n', true],
  ['%j-%x', false],
  ['%%t', false],
])('%j is per task: %s', (pattern, answer) => {
  expect(isPerTask(pattern)).toBe(answer);
});
