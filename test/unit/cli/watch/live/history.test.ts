import { expect, test } from 'vitest';
import { columnsOf, type History, meanOf, sparkline } from '../../../../../src/cli/views/live/history.ts';

const look = (time: number, seconds: number, outputTokensPerSecond: number): History[number] => ({
  time,
  seconds,
  outputTokensPerSecond,
  requestsPerSecond: 0,
  failedPerSecond: 0,
  inputTokensPerSecond: 0,
});

test('a mean counts each look for as long as it was', () => {
  const history = [look(0, 1, 9999), look(11_000, 1, 100), look(14_000, 3, 20)];
  expect(meanOf(history, 10_000, 15_000)).toMatchObject({ seconds: 4, outputTokensPerSecond: 40 });
  expect(meanOf(history, 100, 20_000)).toBeUndefined();
});

test('columns end now, and those that nobody saw are empty', () => {
  const history = [look(1000, 1, 10), look(2000, 1, 30), look(11_000, 2, 50)];
  expect(columnsOf(history, 4, 5000, 12_000)).toEqual([undefined, 20, undefined, 50]);
});

test.each([
  [[], ''],
  [[0, 0], '▁▁'],
  [[undefined, 0, 1, 2, 4, 8], ' ▁▂▃▅█'],
])('draws %j as %j', (values, text) => {
  expect(sparkline(values)).toBe(text);
});
