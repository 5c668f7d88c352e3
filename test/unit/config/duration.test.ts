import { expect, test } from 'vitest';
import { parseDuration } from '../../../src/config/text/duration.ts';
import { resolve, VALID } from './report.ts';

test.each([
  ['45s', 45],
  ['90m', 5400],
  ['4h', 14400],
  ['1h30m', 5400],
  ['2d', 172800],
  ['1d12h30m15s', 131415],
  ['0:45:00', 2700],
  ['04:00:00', 14400],
  ['100:00:00', 360000],
  ['1-12', 129600],
  ['1-12:30', 131400],
  ['1-12:00:00', 129600],
  ['0m', 0],
])('%s is %i seconds', (text, seconds) => {
  expect(parseDuration(text)).toBe(seconds);
});

test.each([
  '',
  '4',
  '4 h',
  '4H',
  '1.5h',
  '-1h',
  '30m1h',
  '1h1h',
  '12:30',
  '1:2:3',
  '1:60:00',
  '1-24',
  '1-12:60',
  'soon',
])('%j is no duration', (text) => {
  expect(parseDuration(text)).toBeUndefined();
});

test.each([
  ['0', 0],
  ["'0'", 0],
  ['0s', 0],
  ['5m', 300],
])('health.hang: %s', (text, seconds) => {
  expect(resolve(`${VALID}health: {hang: ${text}}\n`).job?.health.hang).toBe(seconds);
});

test('a job holds durations as seconds', () => {
  const { job } = resolve(`${VALID}health: {deadline: 90m}\n`);
  expect([job?.slurm.time, job?.health]).toEqual([
    14400,
    {
      deadline: 5400,
      stall: 1200,
      stages: { weights: 900, kv_cache: 300, graphs: 600, deep_gemm: 1800, warm_up: 1800 },
      lost: 300,
      hang: 60,
      drain: 120,
      preflight: true,
    },
  ]);
});
