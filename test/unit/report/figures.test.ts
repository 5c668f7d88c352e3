import { expect, test } from 'vitest';
import { change, decimal } from '../../../src/format.ts';
import { compare } from '../../../src/report/comparison.ts';
import { differenceOf, measuredOf, spreadOf, spreadText } from '../../../src/report/measured.ts';
import { dominators } from '../../../src/report/section/pareto.ts';
import { thin } from '../../../src/report/thin.ts';
import { bench, point, sampleRun } from './sample-run.ts';

test('a point is dominated by what is as good in both and better in one', () => {
  const points = [
    { perGpu: 10, perUser: 100 },
    { perGpu: 20, perUser: 50 },
    { perGpu: 9, perUser: 50 },
    { perGpu: 20, perUser: 40 },
    { perGpu: 10, perUser: 100 },
  ];
  expect(dominators(points)).toEqual([[], [], [0, 1, 4], [1], []]);
});

test('repeated measurements have a mean and a spread', () => {
  expect([spreadOf([]), spreadOf([5]), spreadOf([4, 6, 8])]).toEqual([
    undefined,
    { mean: 5, count: 1 },
    { mean: 6, deviation: 2, count: 3 },
  ]);
  expect([undefined, spreadOf([5]), spreadOf([4, 6, 8])].map(spreadText)).toEqual(['–', '5', '6 ± 2, 3×']);
});

test.each([
  [
    'more than noise',
    [10, 12],
    [20, 22],
    { difference: 10, relative: 10 / 11, noise: 2 * Math.SQRT2, verdict: 'real' },
  ],
  ['noise', [10, 12], [11, 13], { difference: 1, relative: 1 / 11, noise: 2 * Math.SQRT2, verdict: 'noise' }],
  [
    'measured once, with the spread of the other',
    [10, 12],
    [30],
    { difference: 19, relative: 19 / 11, noise: 2 * Math.sqrt(3), verdict: 'real' },
  ],
  ['both measured once', [10], [30], { difference: 20, relative: 2, verdict: 'unknown' }],
  ['from nothing', [0, 0], [0, 0], { difference: 0, noise: 0, verdict: 'noise' }],
] as const)('a difference: %s', (_, before, after, expected) => {
  const [one, other] = [spreadOf(before), spreadOf(after)];
  const found = one && other && differenceOf(one, other);
  expect(Object.keys(found ?? {}).sort()).toEqual(Object.keys(expected).sort());
  expect(found).toMatchObject({ difference: expected.difference, verdict: expected.verdict });
  if ('noise' in expected) expect(found?.noise).toBeCloseTo(expected.noise, 10);
});

test('only valid points of the same load are compared', () => {
  const runs = [
    sampleRun('a-000001', {
      bench: [
        bench('a-000001', [point({ perGpu: 10, runs: [point({ perGpu: 9 }), point({ perGpu: 11 })] })]),
      ],
    }),
    sampleRun('b-000002', {
      bench: [
        bench('b-000002', [
          point({ perGpu: 20, perUser: 40 }),
          point({ concurrency: 4 }),
          point({ valid: false, perGpu: 99 }),
        ]),
      ],
    }),
  ];
  expect(
    compare(measuredOf(runs)).map(({ figure, before, after, difference, better }) => ({
      figure,
      before,
      after,
      verdict: difference.verdict,
      better,
    })),
  ).toEqual([
    {
      figure: 'tok/s/GPU',
      before: { mean: 10, deviation: Math.SQRT2, count: 2 },
      after: { mean: 20, count: 1 },
      verdict: 'real',
      better: true,
    },
    {
      figure: 'tok/s/user',
      before: { mean: 50, deviation: 0, count: 2 },
      after: { mean: 40, count: 1 },
      verdict: 'real',
      better: false,
    },
  ]);
});

test('a long series becomes means of neighbors, and keeps its total', () => {
  expect(thin([0, 1, 2, 3, 4], [[1, 3, null, null, 7]], 3)).toEqual({
    times: [0.5, 2.5, 4],
    columns: [[2, null, 7]],
    samples: 2,
  });
  const whole = { times: [0, 1], columns: [[1, 2]], samples: 1 };
  expect(thin(whole.times, whole.columns, 2)).toEqual(whole);
  const day = Array.from({ length: 17_280 }, (_, index) => index);
  expect(thin(day, [day], 1500).times.length).toBeLessThanOrEqual(1500);
});

test('numbers for people', () => {
  expect([0.01234, 1.239, 123.45, 12345.6, 7, null, undefined, Number.NaN].map(decimal)).toEqual([
    '0.012',
    '1.24',
    '123.5',
    '12,346',
    '7',
    '–',
    '–',
    '–',
  ]);
  expect([0.042, -0.5, undefined].map(change)).toEqual(['+4.2%', '-50%', '–']);
});
