import { expect, test } from 'vitest';
import { duration, parseTimeLimit, timestamp } from '../../../../src/rehearsal/slurm/times.ts';

test.each([
  ['0-04:00:00', 14_400],
  ['1-12:30:05', 131_405],
  ['90', 5400],
  ['0', 0],
  ['UNLIMITED', 0],
])('--time=%s is %s seconds', (text, seconds) => {
  expect(parseTimeLimit(text)).toBe(seconds);
});

test.each([
  [0, '0-00:00:00'],
  [7.9, '0-00:00:07'],
  [187_323, '2-04:02:03'],
])('%s seconds are %s', (seconds, text) => {
  expect(duration(seconds)).toBe(text);
});

test('a moment is local time, or seconds since 1970', () => {
  expect(timestamp(1_764_000_000_900, '%s')).toBe('1764000000');
  expect(timestamp(new Date(2026, 0, 2, 3, 4, 5).getTime())).toBe('2026-01-02T03:04:05');
});
