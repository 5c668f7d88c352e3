import type { BenchConfig, BenchType } from '../../config/schema/bench.ts';
import { measurements } from './measurement.ts';
import type { BenchedService, BenchSpec } from './spec.ts';

/** bench.json: what a benchmark is going to measure, and what its results are judged by. */
export interface BenchOutline {
  readonly version: 1;
  readonly name: string;
  readonly type: BenchType;
  /** RFC 3339: when it was asked for; absent of the config's own. */
  readonly made?: string;
  /** What was laid over the config for it, as JSON. */
  readonly overlay?: string;
  readonly isl?: number;
  readonly osl?: number;
  readonly requestRate: number | 'inf';
  /** Between which averages prompts and answers are to lie, in tokens; absent where nobody knows. */
  readonly inputLength?: Range;
  readonly outputLength?: Range;
  readonly lengthTolerance: number;
  readonly maxErrorRate: number;
  /** In their order; a `custom` one has none. */
  readonly points: readonly {
    readonly folder: string;
    readonly concurrency: number;
    readonly prompts: number;
  }[];
  readonly service: BenchedService;
}

export type Range = readonly [number, number];

/** Name of the benchmark that is in the config. */
export const CONFIGURED = 'bench';

/** What makes a benchmark another one than the config's. */
export type OtherOutline = Pick<BenchOutline, 'name' | 'overlay'> & Required<Pick<BenchOutline, 'made'>>;

export function benchOutline({ config: bench, service }: BenchSpec, other?: OtherOutline): BenchOutline {
  const { isl, osl } = bench;
  return {
    version: 1,
    name: CONFIGURED,
    type: bench.type,
    ...other,
    ...(isl !== undefined && { isl }),
    ...(osl !== undefined && { osl }),
    requestRate: bench.request_rate,
    ...(isl !== undefined && bench.dataset === undefined && { inputLength: average(isl, bench) }),
    ...(osl !== undefined && bench.dataset === undefined && { outputLength: average(osl, bench) }),
    lengthTolerance: bench.length_tolerance,
    maxErrorRate: bench.max_error_rate,
    points: measurements(bench).map(({ folder, concurrency, prompts }) => ({ folder, concurrency, prompts })),
    service,
  };
}

/** vLLM took a ratio for the shortest length first, and later for how far lengths lie to both sides. */
function average(length: number, { type, random_range_ratio: ratio }: BenchConfig): Range {
  if (ratio === undefined) return [length, length];
  const lower = (length * (1 + ratio)) / 2;
  return type === 'sglang' || type === 'builtin' ? [lower, lower] : [lower, length];
}
