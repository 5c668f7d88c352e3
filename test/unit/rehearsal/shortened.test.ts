import { expect, test } from 'vitest';
import { shortened } from '../../../src/cli/commands/bench/builtin.ts';
import { planOf, sampleJob } from '../plan/sample-job.ts';

const benchOf = (bench: object) =>
  planOf(sampleJob({ aggregated: {}, bench: { type: 'builtin', ...bench } }));

test('a long benchmark is shortened in a rehearsal, and a short one is not', () => {
  const short = benchOf({ isl: 200, osl: 20, concurrencies: [2, 4] });
  expect(shortened(short)).toBe(short);
  const long = benchOf({ isl: 8192, osl: 1024, concurrencies: [1, 256] });
  expect(shortened(long).bench?.config).toEqual({
    ...long.bench?.config,
    requests: 32,
    warmup_per_concurrency: 0,
  });
});

test('a job without a benchmark has none', () => {
  const plan = planOf(sampleJob({ aggregated: {} }));
  expect(shortened(plan)).toBe(plan);
});
