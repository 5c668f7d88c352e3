import type { Slo } from '../plan/bench/spec.ts';
import type { BenchProvenance } from './system.ts';
import type { BenchAccuracy } from './tool/accuracy.ts';

/** Which program made the load. */
export type BenchTool =
  | 'aiperf'
  | 'trace'
  | 'agentic'
  | 'sglang'
  | 'vllm'
  | 'custom'
  | 'accuracy'
  | 'builtin';

/** One benchmark of a run, as all tools' results are read: what `dyn-slurm bench --json` prints. */
export interface BenchResult {
  readonly schema: 'dyn-slurm/bench/1';
  /** Id of the run. */
  readonly run: string;
  /** `bench` for the config's own; for one given by flags its folder in `results/`. */
  readonly name: string;
  readonly tool: BenchTool;
  readonly toolVersion?: string;
  /** RFC 3339. */
  readonly started?: string;
  readonly ended?: string;
  /** Every point is valid, and none is missing. */
  readonly valid: boolean;
  /** Problems of the benchmark as a whole, and of its points. */
  readonly problems: readonly BenchProblem[];
  /** Points are missing or cut off. */
  readonly partial: boolean;
  readonly provenance: BenchProvenance;
  readonly load: BenchLoad;
  /** Present once all questions have been answered. */
  readonly accuracy?: BenchAccuracy;
  /** In the order in which they were measured. */
  readonly points: readonly BenchPoint[];
}

/** Why numbers are not to be relied on. */
export interface BenchProblem {
  readonly kind: BenchProblemKind;
  /** The point's, where it is about one. */
  readonly concurrency?: number;
  readonly reason: string;
}

export type BenchProblemKind =
  /** Nothing was generated. */
  | 'no-tokens'
  /** More requests failed than the limit allows. */
  | 'errors'
  /** Fewer requests completed than were asked for. */
  | 'incomplete'
  /** Fewer right answers than the threshold asks for, or nobody knows how many. */
  | 'accuracy'
  | 'input-length'
  | 'output-length'
  | 'worker-lost'
  | 'worker-restarted'
  /** The tool failed, or was ended. */
  | 'tool'
  /** A point has no result. */
  | 'missing'
  /** A result that cannot be read. */
  | 'unreadable';

export interface BenchLoad {
  /** Tokens. */
  readonly isl?: number;
  readonly osl?: number;
  /** Requests a second. */
  readonly requestRate?: number | 'inf';
  /** Bounds of a good request, in milliseconds; `itl` is the average over its answer. */
  readonly slo?: Slo;
}

/** One measurement: a concurrency, or a rate. */
export interface BenchPoint {
  readonly concurrency: number;
  readonly requestRate?: number | 'inf';
  /** Requests asked for, without warm-up. */
  readonly prompts: number;
  readonly completed: number;
  readonly failed: number;
  /** From the first request to the last answer. */
  readonly seconds: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly requestsPerSecond: number;
  readonly outputTokensPerSecond: number;
  readonly totalTokensPerSecond: number;
  /** Output tokens a second and GPU. */
  readonly perGpu: number;
  /** Output tokens a second and user: 1000 over the mean time between tokens. */
  readonly perUser: number;
  /** Requests a second that met the service-level objective; absent where there is none, or the tool does not tell. */
  readonly goodput?: number;
  /** Tokens for each step of speculative decoding, by the tool or by the engines' metrics. */
  readonly acceptLength?: number;
  /** Share of drafted tokens that was accepted. */
  readonly acceptRate?: number;
  /** Why neither is known of engines that speculate. */
  readonly noAcceptance?: string;
  /** Time to the first token. */
  readonly ttft?: Percentiles;
  /** Time per output token of a request after its first. */
  readonly tpot?: Percentiles;
  /** Time between two tokens. */
  readonly itl?: Percentiles;
  /** Time from the request to its last token. */
  readonly e2e?: Percentiles;
  /** Absent where the GPUs' power is not known; `noEnergy` then says why. */
  readonly energy?: BenchEnergy;
  readonly noEnergy?: string;
  readonly valid: boolean;
  readonly problems: readonly BenchProblem[];
  /** The tool was ended in the midst of it. */
  readonly partial: boolean;
  /** RFC 3339. */
  readonly started?: string;
  readonly ended?: string;
  /** Repeated measurements of the same point; the values above are of the last. */
  readonly runs?: readonly BenchPoint[];
}

/** Milliseconds. */
export interface Percentiles {
  readonly mean: number;
  readonly p50?: number;
  readonly p90?: number;
  readonly p95?: number;
  readonly p99?: number;
  readonly min?: number;
  readonly max?: number;
}

/** What the GPUs of the run's workers drew, by the samples in the GPU log. */
export interface BenchEnergy {
  readonly joules: number;
  /** All GPUs together, on average. */
  readonly watts: number;
  readonly gpus: number;
  /** Joules. */
  readonly perOutputToken: number;
  /** Joules for each token of prompts and answers. */
  readonly perToken: number;
}
