import { expect, test } from 'vitest';
import { describeEnd, numberRanges, stepExitCode } from '../../../../src/rehearsal/slurm/exit-status.ts';
import type { TaskEnd } from '../../../../src/rehearsal/slurm/task.ts';

const code = (value: number): TaskEnd => ({ code: value, signal: undefined });
const signal = (name: NodeJS.Signals): TaskEnd => ({ code: 0, signal: name });

test.each([
  [[code(0), code(0)], 0],
  [[code(3), code(9), code(0)], 9],
  [[code(3), signal('SIGTERM')], 143],
  [[signal('SIGKILL'), signal('SIGTERM')], 143],
  [[signal('SIGSEGV'), code(200)], 200],
  [[], 0],
])('%j gives %s', (ends, expected) => {
  expect(stepExitCode(ends)).toBe(expected);
});

test('how a task ended', () => {
  expect(describeEnd('node3', 2, code(3))).toBe('node3: task 2: Exited with exit code 3');
  expect(describeEnd('node3', 2, signal('SIGKILL'))).toBe('node3: task 2: Killed');
});

test.each([
  [[0, 1, 2], '0-2'],
  [[0, 2, 3, 7], '0,2-3,7'],
  [[], ''],
])('%j is %j', (numbers, text) => {
  expect(numberRanges(numbers)).toBe(text);
});
