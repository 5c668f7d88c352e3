import type { BenchConfig } from '../../config/schema/bench.ts';

/** One measurement of a benchmark. */
export interface Measurement {
  /** From 1 on. */
  readonly index: number;
  readonly concurrency: number;
  /** Requests a second. */
  readonly rate: number | 'inf';
  /** Requests that count. */
  readonly prompts: number;
  /** Requests before them that do not. */
  readonly warmup: number;
  /** In the benchmark's folder of results: `c16`, `c16-r4` where there are several rates, and `c16.2` for a second time. */
  readonly folder: string;
}

/** In the order in which they are made; none where the config says nothing of concurrencies. */
export function measurements(bench: BenchConfig): readonly Measurement[] {
  const times = new Map<string, number>();
  const { request_rate: rates, concurrencies = unlimited(bench) } = bench;
  const loads = rates.flatMap((rate) => concurrencies.map((concurrency) => ({ rate, concurrency })));
  return loads.map(({ rate, concurrency }, position) => {
    const name = `c${concurrency}${rates.length > 1 ? `-r${rate}` : ''}`;
    const time = (times.get(name) ?? 0) + 1;
    times.set(name, time);
    return {
      index: position + 1,
      concurrency,
      rate,
      prompts: promptsOf(concurrency, bench),
      warmup: concurrency * bench.warmup_per_concurrency,
      folder: `${name}${time === 1 ? '' : `.${time}`}`,
    };
  });
}

/** As many connections as aiperf opens, for a trace that sets the pace itself. */
const unlimited = ({ type }: BenchConfig): readonly number[] => (type === 'trace' ? [2500] : []);

/** 0 where nobody knows: all of a trace. */
function promptsOf(concurrency: number, bench: BenchConfig): number {
  const { type, requests, turns = 1, prompts_per_concurrency: each } = bench;
  if (type === 'trace') return requests ?? 0;
  const sessions = requests ?? concurrency * each;
  return type === 'agentic' ? sessions * turns : sessions;
}
