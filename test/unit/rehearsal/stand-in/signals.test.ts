import { expect, test } from 'vitest';
import { describeEnd, exitCode, parseSignal } from '../../../../src/rehearsal/slurm/signals.ts';

test.each([
  ['TERM', 'SIGTERM'],
  ['SIGTERM', 'SIGTERM'],
  ['usr1', 'SIGUSR1'],
  ['9', 'SIGKILL'],
  ['999', undefined],
  ['FOO', undefined],
  ['', undefined],
])('%j is %s', (text, signal) => {
  expect(parseSignal(text)).toBe(signal);
});

test.each([
  [{ code: 3, signal: null }, 3, 'Exited with exit code 3'],
  [{ code: 0, signal: 'SIGKILL' }, 137, 'Killed'],
  [{ code: 0, signal: 'SIGTERM' }, 143, 'Terminated'],
  [{ code: 0, signal: 'SIGHUP' }, 129, 'Signal 1'],
] as const)('%j', (end, code, words) => {
  expect(exitCode(end)).toBe(code);
  expect(describeEnd(end)).toBe(words);
});
