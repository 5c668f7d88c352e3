import type { BenchPoint } from '../bench/result.ts';
import type { RunData } from './run-data.ts';

/** A benchmark's point with what it belongs to. */
export interface Measured {
  readonly run: string;
  readonly bench: string;
  /** Runs and benchmarks are told apart by it: `r1-0a1b2c`, `r1-0a1b2c bench-2f`. */
  readonly label: string;
  /** Of the label, among all. */
  readonly style: number;
  readonly point: BenchPoint;
  readonly isl?: number;
  readonly osl?: number;
}

export function measuredOf(runs: readonly RunData[]): readonly Measured[] {
  const labels = new Map<string, number>();
  return runs.flatMap(({ run, bench }) =>
    bench.flatMap(({ name, load, points }) => {
      const label = bench.length === 1 ? run.id : `${run.id} ${name}`;
      if (!labels.has(label)) labels.set(label, labels.size);
      return points.map((point) => ({
        run: run.id,
        bench: name,
        label,
        style: labels.get(label) ?? 0,
        point,
        ...(load.isl !== undefined && { isl: load.isl }),
        ...(load.osl !== undefined && { osl: load.osl }),
      }));
    }),
  );
}

/** `INVALID: …`, `partial`, or empty. */
export function standing({ valid, partial, problems }: BenchPoint): string {
  if (!valid)
    return `INVALID${problems.length > 0 ? `: ${problems.map(({ reason }) => reason).join('; ')}` : ''}`;
  return partial ? 'partial' : '';
}
