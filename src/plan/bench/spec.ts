import type { Job } from '../../config/job.ts';
import type { BenchConfig, BenchType } from '../../config/schema/bench.ts';
import { type NodeIndex, nodeIp, type Word } from '../../word.ts';
import { portPart } from '../movable-ports.ts';
import type { Plan } from '../plan.ts';
import { type AccuracyOutline, accuracyOutline } from './accuracy.ts';

/** A benchmark: its config, and what it measures. */
export interface BenchSpec {
  readonly config: BenchConfig;
  /** URL of the service without a path. */
  readonly url: Word;
  /** Folder or name of the model, with whose tokenizer tokens are counted unless the config names another. */
  readonly modelPath: string;
  readonly service: BenchedService;
  /** Where it runs. */
  readonly node: NodeIndex;
}

/** Where the service answers, and the node that asks it. */
export interface BenchPlace {
  readonly entry: Plan['entry'];
  readonly node: NodeIndex;
}

export interface BenchedService {
  /** Name by which clients ask for it. */
  readonly model: string;
  /** Release of Dynamo. */
  readonly dynamo: string;
  readonly image?: string;
  /** Name of the published topology. */
  readonly topology?: string;
}

/** A benchmark with that config against a job's service. */
export function benchSpec(config: BenchConfig, job: Job, { entry, node }: BenchPlace): BenchSpec {
  const { container, topology, model } = job;
  return {
    config,
    url: ['http://', nodeIp(entry.node), ':', portPart('frontend', entry.port, job)],
    modelPath: model.path,
    node,
    service: {
      model: model.served_name,
      dynamo: job.dynamo.version,
      ...(container && { image: container.image }),
      ...(topology !== undefined && topology !== 'inline' && { topology }),
    },
  };
}

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
  /** The questions that it asks. */
  readonly accuracy?: AccuracyOutline;
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
    ...(bench.accuracy && { accuracy: accuracyOutline(bench.accuracy) }),
    service,
  };
}

/** vLLM took a ratio for the shortest length first, and later for how far lengths lie to both sides. */
function average(length: number, { type, random_range_ratio: ratio }: BenchConfig): Range {
  if (ratio === undefined) return [length, length];
  const lower = (length * (1 + ratio)) / 2;
  return type === 'sglang' || type === 'builtin' ? [lower, lower] : [lower, length];
}
