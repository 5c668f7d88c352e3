import { expect, test } from 'vitest';
import {
  parseEarlySignal,
  parseSignal,
  signalDescription,
  signalNumber,
} from '../../../../src/rehearsal/slurm/signal.ts';

test.each([
  ['TERM', 'SIGTERM'],
  ['SIGTERM', 'SIGTERM'],
  ['term', 'SIGTERM'],
  ['15', 'SIGTERM'],
  ['9', 'SIGKILL'],
  ['USR1', 'SIGUSR1'],
  ['FOO', undefined],
  ['', undefined],
  ['999', undefined],
])('%j is %s', (text, signal) => {
  expect(parseSignal(text)).toBe(signal);
});

test.each([
  ['B:USR1@120', { signal: 'SIGUSR1', batch: true, seconds: 120 }],
  ['USR2@30', { signal: 'SIGUSR2', batch: false, seconds: 30 }],
  ['B:USR1', { signal: 'SIGUSR1', batch: true, seconds: 60 }],
  ['10@5', { signal: 'SIGUSR1', batch: false, seconds: 5 }],
  ['FOO@3', undefined],
  ['B:USR1@soon', undefined],
])('--signal=%s', (text, expected) => {
  expect(parseEarlySignal(text)).toEqual(expected);
});

test.each([
  ['SIGKILL', 'Killed', 9],
  ['SIGSEGV', 'Segmentation fault', 11],
  ['SIGTERM', 'Terminated', 15],
  ['SIGWINCH', 'Signal 28', 28],
] as const)('%s reads %s', (signal, text, number) => {
  expect(signalDescription(signal)).toBe(text);
  expect(signalNumber(signal)).toBe(number);
});
