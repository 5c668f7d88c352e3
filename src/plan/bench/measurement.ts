import type { BenchConfig } from '../../config/schema/bench.ts';

/** One measurement of a benchmark. */
export interface Measurement {
  /** From 1 on. */
  readonly index: number;
  readonly concurrency: number;
  /** Requests that count. */
  readonly prompts: number;
  /** Requests before them that do not. */
  readonly warmup: number;
  /** In the benchmark's folder of results: `c16`, and `c16.2` where 16 is measured a second time. */
  readonly folder: string;
}

/** In the order in which they are made; none where the config says nothing of concurrencies. */
export function measurements(bench: BenchConfig): readonly Measurement[] {
  const times = new Map<number, number>();
  return (bench.concurrencies ?? []).map((concurrency, position) => {
    const time = (times.get(concurrency) ?? 0) + 1;
    times.set(concurrency, time);
    return {
      index: position + 1,
      concurrency,
      prompts: bench.requests ?? concurrency * bench.prompts_per_concurrency,
      warmup: concurrency * bench.warmup_per_concurrency,
      folder: `c${concurrency}${time === 1 ? '' : `.${time}`}`,
    };
  });
}
