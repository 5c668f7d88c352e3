import type { BenchPoint } from '../bench/result.ts';
import type { BenchAccuracy } from '../bench/tool/accuracy.ts';
import { type Difference, differenceOf, type Measured, type Spread, spreadIn } from './measured.ts';
import type { RunData } from './run-data.ts';

/** What two runs are compared by, and which way is better. */
const COMPARED = [
  { name: 'tok/s/GPU', better: 'more', of: ({ perGpu }: BenchPoint) => perGpu },
  { name: 'tok/s/user', better: 'more', of: ({ perUser }: BenchPoint) => perUser },
  { name: 'goodput, req/s', better: 'more', of: ({ goodput }: BenchPoint) => goodput },
  { name: 'J/output token', better: 'less', of: ({ energy }: BenchPoint) => energy?.perOutputToken },
  { name: 'tokens per step', better: 'more', of: ({ acceptLength }: BenchPoint) => acceptLength },
  { name: 'TTFT p50, ms', better: 'less', of: ({ ttft }: BenchPoint) => ttft?.p50 },
  { name: 'TTFT p99, ms', better: 'less', of: ({ ttft }: BenchPoint) => ttft?.p99 },
  { name: 'ITL p50, ms', better: 'less', of: ({ itl, tpot }: BenchPoint) => (itl ?? tpot)?.p50 },
  { name: 'E2E p50, ms', better: 'less', of: ({ e2e }: BenchPoint) => e2e?.p50 },
] as const;

/** One figure of one load, in a run and in the first that had the same load. */
export interface Compared {
  readonly baseline: string;
  readonly other: string;
  readonly concurrency: number;
  readonly lengths: string;
  readonly figure: string;
  readonly before: Spread;
  readonly after: Spread;
  readonly difference: Difference;
  /** Undefined where it is noise, or unknown whether it is. */
  readonly better?: boolean;
}

/** Points of the same concurrency, lengths and rate, each against that of the first benchmark that has it. Only valid ones. */
export function compare(measured: readonly Measured[]): readonly Compared[] {
  const loads = new Map<string, Measured[]>();
  for (const each of measured) {
    const { point, isl, osl } = each;
    const load = JSON.stringify([isl, osl, point.requestRate, point.concurrency]);
    if (point.valid && !point.partial) loads.set(load, [...(loads.get(load) ?? []), each]);
  }
  return [...loads.values()].flatMap(([first, ...others]) =>
    first === undefined
      ? []
      : others.flatMap((other) => COMPARED.flatMap((figure) => compared(first, other, figure))),
  );
}

function compared(
  first: Measured,
  other: Measured,
  { name, better, of }: (typeof COMPARED)[number],
): readonly Compared[] {
  const [before, after] = [first, other].map(({ point }) => spreadIn(point, of));
  if (!before || !after) return [];
  const difference = differenceOf(before, after);
  return [
    {
      baseline: first.label,
      other: other.label,
      concurrency: first.point.concurrency,
      lengths: `${first.isl ?? '–'} / ${first.osl ?? '–'}`,
      figure: name,
      before,
      after,
      difference,
      ...(difference.verdict === 'real' && { better: difference.difference > 0 === (better === 'more') }),
    },
  ];
}

/** What a difference means, in words. */
export function verdictText({ difference, better }: Compared): string {
  if (difference.verdict === 'noise') return 'smaller than the noise';
  if (difference.verdict === 'unknown') return 'measured once: noise unknown';
  return better ? '▲ better' : '▼ worse';
}

/** The answers of two runs to the same questions. */
export interface ComparedAccuracy {
  readonly suite: string;
  readonly before: BenchAccuracy;
  readonly after: BenchAccuracy;
  readonly difference: number;
  /** Twice the standard error of the difference. */
  readonly noise: number;
}

/** The last answers to each suite that both have; those of mock engines do not count. */
export function compareAccuracy(before: RunData, after: RunData): readonly ComparedAccuracy[] {
  const [earlier, later] = [before, after].map(
    ({ bench, mock }) =>
      new Map(bench.flatMap(({ accuracy }) => (accuracy && !mock ? [[accuracy.suite, accuracy]] : []))),
  );
  return [...(earlier ?? [])].flatMap(([suite, one]) => {
    const other = later?.get(suite);
    if (other === undefined) return [];
    const variance = ({ score, questions }: BenchAccuracy) => (score * (1 - score)) / Math.max(1, questions);
    const noise = 2 * Math.sqrt(variance(one) + variance(other));
    return [{ suite, before: one, after: other, difference: other.score - one.score, noise }];
  });
}
