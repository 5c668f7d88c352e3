import { expect, test } from 'vitest';
import type { BenchPoint, BenchResult } from '../../../../src/bench/result.ts';
import { benchLines, benchText } from '../../../../src/cli/views/bench-text.ts';

const POINT: BenchPoint = {
  concurrency: 16,
  requestRate: 'inf',
  prompts: 80,
  completed: 80,
  failed: 0,
  seconds: 10,
  inputTokens: 81_920,
  outputTokens: 10_240,
  requestsPerSecond: 8,
  outputTokensPerSecond: 1024,
  totalTokensPerSecond: 9216,
  perGpu: 64,
  perUser: 71.25,
  ttft: { mean: 130, p50: 120.4, p99: 310 },
  itl: { mean: 14, p50: 13.96, p99: 41.2 },
  valid: true,
  problems: [],
  partial: false,
};

const PAGE = { width: Number.POSITIVE_INFINITY, color: false };

const RESULT: BenchResult = {
  schema: 'dyn-slurm/bench/1',
  run: 'r1-0a1b2c',
  name: 'bench',
  tool: 'aiperf',
  toolVersion: '0.13.0',
  valid: true,
  problems: [],
  partial: false,
  provenance: {
    model: 'm',
    mock: false,
    gpus: { model: 'h100', total: 16, prefill: 8, decode: 8, aggregated: 0 },
  },
  load: { isl: 1024, osl: 128, requestRate: 'inf' },
  points: [POINT],
};

const PROBLEMS = [{ kind: 'errors' as const, concurrency: 64, reason: '3 of 320 requests failed, limit 0%' }];
const INVALID: BenchResult = {
  ...RESULT,
  valid: false,
  partial: true,
  problems: [...PROBLEMS, { kind: 'missing', concurrency: 256, reason: 'it was not measured' }],
  load: { ...RESULT.load, requestRate: 4 },
  points: [
    POINT,
    {
      ...POINT,
      concurrency: 64,
      failed: 3,
      completed: 200,
      prompts: 320,
      valid: false,
      partial: true,
      problems: PROBLEMS,
    },
  ],
};

test('results are a table', () => {
  expect(benchText(RESULT, PAGE)).toBe(`\
r1-0a1b2c bench: aiperf 0.13.0, 1024 tokens in, 128 out
concurrency  tok/s  per GPU  per user  TTFT p50, ms  p99, ms  ITL p50, ms  p99, ms  requests  errors  valid
         16   1024     64.0      71.3           120      310         14.0     41.2  80/80          0  yes
valid
`);
});

test('each problem is named with its measurement', () => {
  expect(benchText(INVALID, PAGE)).toBe(`\
r1-0a1b2c bench: aiperf 0.13.0, 1024 tokens in, 128 out, 4 requests a second
concurrency  tok/s  per GPU  per user  TTFT p50, ms  p99, ms  ITL p50, ms  p99, ms  requests  errors  valid
         16   1024     64.0      71.3           120      310         14.0     41.2  80/80          0  yes
         64   1024     64.0      71.3           120      310         14.0     41.2  200/320        3  INVALID, partial
INVALID
  concurrency 64: 3 of 320 requests failed, limit 0%
  concurrency 256: it was not measured
`);
});

test.each([
  [RESULT, '  bench    1 concurrency, valid\n'],
  [
    INVALID,
    '  bench    2 concurrencies, INVALID: concurrency 64: 3 of 320 requests failed, limit 0%, and 1 more\n',
  ],
  [
    { ...RESULT, name: 'bench-0a1b2c', valid: false, partial: true },
    '  bench-0a1b2c 1 concurrency, not finished yet\n',
  ],
  [{ ...RESULT, points: [] }, '  bench    no readable results\n'],
])('status has a line of each', (result, line) => {
  expect(benchLines(result)).toBe(line);
});
