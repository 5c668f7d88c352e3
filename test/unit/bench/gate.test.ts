import { expect, test } from 'vitest';
import { type Gated, gate, type Limits } from '../../../src/bench/gate.ts';

const LIMITS: Limits = {
  inputLength: [1000, 1000],
  outputLength: [100, 100],
  lengthTolerance: 0.1,
  maxErrorRate: 0.05,
};
const GOOD: Gated = { prompts: 40, completed: 40, failed: 0, inputTokens: 40_000, outputTokens: 4000 };

test.each<[string, Partial<Gated>, Partial<Limits>]>([
  ['all as it should be', {}, {}],
  [
    'as many errors as are allowed',
    { completed: 38, failed: 2, inputTokens: 38_000, outputTokens: 3800 },
    {},
  ],
  ['lengths at the edge', { inputTokens: 36_000, outputTokens: 4400 }, {}],
  [
    "lengths of nobody's choice",
    { inputTokens: 7, outputTokens: 9 },
    { inputLength: undefined, outputLength: undefined } as object,
  ],
  ['lengths within a range', { inputTokens: 32_000 }, { inputLength: [800, 1000] }],
])('%s is valid', (_, measured, limits) => {
  expect(gate({ ...GOOD, ...measured }, { ...LIMITS, ...limits })).toEqual([]);
});

test.each<[Partial<Gated>, Partial<Limits>, readonly string[]]>([
  [{ outputTokens: 0 }, {}, ['no-tokens: not one token was generated']],
  [
    { completed: 37, failed: 3, inputTokens: 37_000, outputTokens: 3700, error: 'HTTP 503: full' },
    {},
    ['errors: 3 of 40 requests failed, limit 5%: HTTP 503: full'],
  ],
  [
    { completed: 39, failed: 1, inputTokens: 39_000, outputTokens: 3900 },
    { maxErrorRate: 0 },
    ['errors: 1 of 40 requests failed, limit 0%'],
  ],
  [
    { completed: 30, inputTokens: 30_000, outputTokens: 3000 },
    {},
    ['incomplete: 30 of 40 requests were completed'],
  ],
  [
    { inputTokens: 44_500 },
    {},
    ['input-length: prompts had 1112.5 tokens on average instead of 1000, tolerance 10%'],
  ],
  [
    { outputTokens: 3560 },
    { outputLength: [90, 100], lengthTolerance: 0 },
    ['output-length: answers had 89 tokens on average instead of 90 to 100, tolerance 0%'],
  ],
  [
    { completed: 0, failed: 40, inputTokens: 0, outputTokens: 0 },
    {},
    ['no-tokens: not one token was generated', 'errors: 40 of 40 requests failed, limit 5%'],
  ],
])('%j is not', (measured, limits, problems) => {
  const found = gate({ ...GOOD, ...measured }, { ...LIMITS, ...limits });
  expect(found.map(({ kind, reason }) => `${kind}: ${reason}`)).toEqual(problems);
});
