import { expect, test } from 'vitest';
import { compare } from '../../../src/report/comparison.ts';
import type { Measured } from '../../../src/report/measured.ts';
import { efficiency } from '../../../src/report/section/efficiency.ts';

const measured = (concurrency: number, more: object): Measured => ({
  run: 'r1',
  bench: 'bench',
  mock: false,
  label: `r${concurrency}`,
  style: 0,
  point: {
    ...{
      concurrency: 4,
      prompts: 10,
      completed: 10,
      failed: 0,
      seconds: 2,
      inputTokens: 1000,
      outputTokens: 100,
    },
    ...{
      requestsPerSecond: 5,
      outputTokensPerSecond: 50,
      totalTokensPerSecond: 550,
      perGpu: 50,
      perUser: 25,
    },
    ...{ valid: true, problems: [], partial: false, ...more },
  },
});

const ENERGY = { joules: 800, watts: 400, gpus: 2, perOutputToken: 8, perToken: 0.75 };

test('goodput, energy and acceptance are in the report, and why one is missing', () => {
  const points = [
    measured(1, { goodput: 4.5, energy: ENERGY, acceptLength: 2.1, acceptRate: 0.6 }),
    measured(2, { noEnergy: 'the log of node n1 has no power of GPU 2', noAcceptance: 'nobody tells' }),
  ];
  const text = efficiency(points)
    ?.html.replaceAll(/<[^>]+>/g, ' ')
    .replaceAll(/\s+/g, ' ');
  expect(text).toContain('Where it is missing: the log of node n1 has no power of GPU 2.');
  expect(text).toContain('Of speculative decoding nothing is known where nobody tells.');
  expect(text).toContain('r1 4 4.5 5 8 0.75 200 2.1 0.6');
  expect(text).toContain('r2 4 – 5 – – – – –');
});

test('without any of them there is no section', () => {
  expect(efficiency([measured(1, { noEnergy: 'observe.gpu_log is none' })])).toBeUndefined();
});

test('runs are compared by them', () => {
  const [before, after] = [4, 2].map((goodput, run) =>
    measured(run, { goodput, energy: { ...ENERGY, perOutputToken: 8 / goodput } }),
  );
  const figures = compare([before, after].filter((each) => each !== undefined));
  expect(figures.map(({ figure, before: was, after: is }) => `${figure}: ${was.mean} to ${is.mean}`)).toEqual(
    ['tok/s/GPU: 50 to 50', 'tok/s/user: 25 to 25', 'goodput, req/s: 4 to 2', 'J/output token: 2 to 4'],
  );
});
