import { expect, test } from 'vitest';
import { Durations } from '../../../../src/bench/client/histogram.ts';
import { randomFrom } from '../../../../src/bench/client/prompt.ts';

/** The value of which so many percent are at most it, as HDR histograms define it. */
function exact(sorted: readonly number[], percent: number): number {
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? 0;
}

test.each([
  ['even', (random: () => number) => 5 + 200 * random()],
  ['with a long tail', (random: () => number) => 20 * (1 - random()) ** -1.5],
  ['in two heaps', (random: () => number) => (random() < 0.9 ? 0.4 : 800) + random()],
])('percentiles of durations that are %s are those of the sorted list', (_, draw) => {
  const random = randomFrom(7);
  const values = Array.from({ length: 20_000 }, () => draw(random));
  const durations = new Durations();
  for (const value of values) durations.record(value);
  const sorted = values.toSorted((one, other) => one - other);
  const found = durations.percentiles();
  expect(found?.min).toBe(sorted[0]);
  expect(found?.max).toBe(sorted.at(-1));
  expect(found?.mean).toBeCloseTo(values.reduce((sum, value) => sum + value, 0) / values.length, 6);
  for (const [name, percent] of [
    ['p50', 50],
    ['p90', 90],
    ['p95', 95],
    ['p99', 99],
  ] as const) {
    const right = exact(sorted, percent);
    // Three digits, and microseconds.
    expect(Math.abs((found?.[name] ?? 0) - right)).toBeLessThanOrEqual(right / 1000 + 0.001);
  }
});

test('of none there are none', () => {
  expect(new Durations().percentiles()).toBeUndefined();
});
