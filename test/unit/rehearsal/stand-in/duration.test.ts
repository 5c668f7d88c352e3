import { expect, test } from 'vitest';
import {
  longDuration,
  parseTimeLimit,
  shortDuration,
  timestamp,
} from '../../../../src/rehearsal/slurm/duration.ts';

test.each([
  ['90', 5400],
  ['1:30', 90],
  ['4:00:00', 14400],
  ['1-0', 86400],
  ['1-12', 129600],
  ['1-12:30', 131400],
  ['0-04:00:00', 14400],
  ['0', 0],
  ['UNLIMITED', 0],
  ['infinite', 0],
  ['90m', undefined],
  ['xx', undefined],
  ['', undefined],
  ['1:2:3:4', undefined],
])('--time=%s is %s seconds', (text, seconds) => {
  expect(parseTimeLimit(text)).toBe(seconds);
});

test.each([
  [0, '0:00', '00:00:00'],
  [7.9, '0:07', '00:00:07'],
  [90, '1:30', '00:01:30'],
  [3723, '1:02:03', '01:02:03'],
  [172800, '2-00:00:00', '2-00:00:00'],
  [-3, '0:00', '00:00:00'],
])('%s seconds are %s, or %s', (seconds, short, long) => {
  expect(shortDuration(seconds)).toBe(short);
  expect(longDuration(seconds)).toBe(long);
});

test('a moment is local time, or seconds since 1970', () => {
  expect(timestamp(1_764_000_000_900, '%s')).toBe('1764000000');
  expect(timestamp(new Date(2026, 0, 2, 3, 4, 5).getTime(), undefined)).toBe('2026-01-02T03:04:05');
});
