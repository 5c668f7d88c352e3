import { beforeAll, expect, test } from 'vitest';
import { clock, elapsed, moment, past, span } from '../../src/format.ts';

beforeAll(() => {
  process.env.TZ = 'UTC';
});

test.each([
  [Number.NaN, '–'],
  [-5000, '0.0 s'],
  [340, '0.3 s'],
  [9949, '9.9 s'],
  [9950, '10 s'],
  [59_400, '59 s'],
  [60_000, '1 min'],
  [185_000, '3 min 5 s'],
  [3_600_000, '1 h'],
  [7_800_000, '2 h 10 min'],
  [86_400_000, '1 d'],
  [273_600_000, '3 d 4 h'],
])('%i ms are %s', (milliseconds, text) => {
  expect(elapsed(milliseconds)).toBe(text);
});

const now = new Date('2025-11-24T05:45:00.000Z');

test('moments are relative and absolute', () => {
  expect(moment(new Date('2025-11-24T05:43:12.500Z'), now)).toBe('1 min 48 s ago (2025-11-24 05:43:12)');
  expect(moment(new Date('2025-11-24T07:55:00.000Z'), now)).toBe('in 2 h 10 min (2025-11-24 07:55:00)');
  expect(clock(now)).toBe('05:45:00');
});

test('what has happened is never ahead, whatever clock it was read on', () => {
  expect(past(new Date('2025-11-24T05:43:12.500Z'), now)).toBe('1 min 48 s ago (2025-11-24 05:43:12)');
  expect(past(new Date('2025-11-24T05:50:00.000Z'), now)).toBe('0.0 s ago (2025-11-24 05:50:00)');
});
test.each([
  [0, '0s'],
  [59, '59s'],
  [5400, '1h30m'],
  [14400, '4h'],
  [129600, '1d12h'],
  [90061, '1d1h1m1s'],
])('%d seconds are %s', (seconds, text) => {
  expect(span(seconds)).toBe(text);
});
