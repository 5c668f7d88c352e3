import { expect, test } from 'vitest';
import { type Started, summary } from '../../gpu/overhead-summary.ts';

const started = (processMs: number, firstLineMs: number, ...tokens: readonly number[]): Started => ({
  processMs,
  firstLineMs,
  readyMs: 30_000,
  loads: tokens.map((outputTokensPerSecond) => ({ outputTokensPerSecond, ttftP50: 100, itlP50: 5 })),
});

test('compares the two services of each pair, and takes the middle of the pairs', () => {
  const pairs = [
    { byHand: started(0, 9000, 1000, 900, 1100), launched: started(700, 9600, 990, 500, 1000) },
    { byHand: started(0, 8000, 2000, 2000, 2000), launched: started(900, 9000, 2000, 2100, 2020) },
  ];
  expect(summary(pairs)).toEqual({
    pairs,
    ratios: { outputTokensPerSecond: 1, ttftP50: 1, itlP50: 1 },
    addedMs: 800,
    processMs: 800,
  });
});
