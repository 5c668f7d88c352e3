import type { BenchPoint } from '../bench/result.ts';
import { decimal } from '../format.ts';
import { MOCK_MARK } from '../observe/mock-engines.ts';
import type { RunData } from './run-data.ts';

/** Repeated measurements of one thing. */
export interface Spread {
  readonly mean: number;
  /** Sample standard deviation; undefined of a single measurement. */
  readonly deviation?: number;
  readonly count: number;
}

/** Undefined of nothing. */
export function spreadOf(values: readonly number[]): Spread | undefined {
  const count = values.length;
  if (count === 0) return undefined;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  if (count === 1) return { mean, count };
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / (count - 1)), count };
}

export interface Difference {
  readonly difference: number;
  /** Difference as a share of the first value; undefined where that is 0. */
  readonly relative?: number;
  /** Twice the standard error of the difference; undefined where neither was repeated. */
  readonly noise?: number;
  readonly verdict: 'real' | 'noise' | 'unknown';
}

/** Difference of two means. A value that was measured once is assumed to spread like the other. */
export function differenceOf(before: Spread, after: Spread): Difference {
  const difference = after.mean - before.mean;
  const deviations = [before.deviation ?? after.deviation, after.deviation ?? before.deviation] as const;
  const found = {
    difference,
    ...(before.mean !== 0 && { relative: difference / before.mean }),
  };
  if (deviations[0] === undefined || deviations[1] === undefined) return { ...found, verdict: 'unknown' };
  const noise = 2 * Math.sqrt(deviations[0] ** 2 / before.count + deviations[1] ** 2 / after.count);
  return { ...found, noise, verdict: Math.abs(difference) > noise ? 'real' : 'noise' };
}

/** A benchmark's point with what it belongs to. */
export interface Measured {
  readonly run: string;
  readonly bench: string;
  readonly mock: boolean;
  /** Runs and benchmarks are told apart by it: `r1-0a1b2c`, `r1-0a1b2c bench-2f`, `r1-0a1b2c MOCK`. */
  readonly label: string;
  /** Index of the label among all labels. */
  readonly style: number;
  readonly point: BenchPoint;
  readonly isl?: number;
  readonly osl?: number;
}

export function measuredOf(runs: readonly RunData[]): readonly Measured[] {
  const labels = new Map<string, number>();
  return runs.flatMap(({ run, bench, mock }) => {
    const benches = bench.filter(({ points }) => points.length > 0);
    return benches.flatMap(({ name, load, points }) => {
      const own = benches.length === 1 ? run.id : `${run.id} ${name}`;
      const label = mock ? `${own} ${MOCK_MARK}` : own;
      if (!labels.has(label)) labels.set(label, labels.size);
      return points.map((point) => ({
        run: run.id,
        bench: name,
        mock,
        label,
        style: labels.get(label) ?? 0,
        point,
        ...(load.isl !== undefined && { isl: load.isl }),
        ...(load.osl !== undefined && { osl: load.osl }),
      }));
    });
  });
}

/** A figure over the repetitions of a point; undefined without any. */
export function spreadIn(
  point: BenchPoint,
  of: (point: BenchPoint) => number | undefined,
): Spread | undefined {
  return spreadOf((point.runs ?? [point]).flatMap((each) => of(each) ?? []));
}

/** `28.7 ± 1.2, 2×`, or of a single measurement the number alone. */
export function spreadText(spread: Spread | undefined): string {
  if (spread === undefined) return '–';
  const { mean, deviation, count } = spread;
  return deviation === undefined ? decimal(mean) : `${decimal(mean)} ± ${decimal(deviation)}, ${count}×`;
}

/** `INVALID: …`, `partial`, or empty. */
export function standing({ valid, partial, problems }: BenchPoint): string {
  if (!valid)
    return `INVALID${problems.length > 0 ? `: ${problems.map(({ reason }) => reason).join('; ')}` : ''}`;
  return partial ? 'partial' : '';
}
