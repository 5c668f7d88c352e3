import type { StartStage } from '../start-stages.ts';
import type { Stamp } from './line-stamp.ts';

/** How an engine speaks of itself, in its logs and on its page of metrics. */
export interface Dialect {
  /** As in a sentence: `SGLang`. */
  readonly title: string;
  /** The engine's own images, and in them its release. */
  readonly image: RegExp;
  /** One of these words is in every line that `read` knows. */
  readonly words: readonly string[];
  /** Undefined where a line tells neither of batches nor of a stage. */
  readonly read: (line: string) => EngineLine | undefined;
  readonly metrics?: EngineMetrics;
}

export type EngineLine = BatchLine | StageLine | KernelsLine;

/** Whether a start has found kernels that an earlier one has compiled; see templates/kernels.sh. */
export interface KernelsLine extends Stamp {
  readonly kind: 'kernels';
  readonly kernels: KernelState;
}

export type KernelState = 'cached' | 'cold';

/** What one scheduler did since its last such line. Absent is what it does not say. */
export interface BatchLine extends Stamp {
  /** `both`: an engine whose lines tell of prefill and decode at once. */
  readonly kind: 'prefill' | 'decode' | 'both';
  readonly newSequences?: number;
  /** Prompt tokens that are computed. */
  readonly newTokens?: number;
  /** Prompt tokens that were found in the cache. */
  readonly cachedTokens?: number;
  readonly running?: number;
  readonly queued?: number;
  /** Tokens in the KV cache; of hybrid models in the pool for full attention. */
  readonly tokens?: number;
  /** Usage of the KV cache, 0 to 1; for hybrid models that of the fullest pool. */
  readonly usage?: number;
  /** Tokens for each step of speculative decoding, and the share of drafted tokens that was accepted. */
  readonly acceptLength?: number;
  readonly acceptRate?: number;
  readonly cudaGraph?: boolean;
  /** Generated tokens. */
  readonly generatedTokens?: number;
  /** Generated tokens per second since the writer's line before. */
  readonly tokensPerSecond?: number;
  /** Prompt tokens per second since then. */
  readonly inputTokensPerSecond?: number;
  /** Seconds that both rates are of, where a writer that has nothing to tell is silent. */
  readonly seconds?: number;
  /** Only one data parallel rank writes: the others do as much. */
  readonly forAllRanks?: true;
}

/** How far a rank's start has come. `done` and `total` count what the stage's name says in log-event.ts. */
export interface StageLine extends Stamp {
  readonly kind: 'stage';
  readonly stage: StartStage;
  readonly state: 'going' | 'done';
  readonly done?: number | undefined;
  readonly total?: number | undefined;
  /** What this engine's user can do when the stage is stuck, where it is more than for any engine. */
  readonly advice?: string;
}

/** Names of series on a worker's page of metrics. */
export interface EngineMetrics {
  readonly running: string;
  /** The series of a worker's waiting requests. */
  readonly queued: readonly string[];
  /** Usage of the KV cache, 0 to 1. */
  readonly kvUsage: readonly string[];
  readonly requests: string;
  /** Counters of which the first that a page has counts. */
  readonly inputTokens: readonly TokenCounter[];
  readonly outputTokens: readonly TokenCounter[];
  /** Generated tokens per second, where the counters tell nothing. */
  readonly outputRate?: string;
  readonly speculation?: SpeculationMetrics;
  /** The label that tells data parallel ranks apart, where there is one, and those of ranks that work on the same tokens. */
  readonly dpRank?: string;
  readonly otherRanks: readonly string[];
}

/** Series of speculative decoding: counters, and gauges where there are none. */
export interface SpeculationMetrics {
  /** Counts drafted tokens, and those that were accepted. */
  readonly drafted?: string;
  readonly accepted?: string;
  /** Counts drafts: the steps in which one request's was verified. */
  readonly steps?: string;
  /** Tokens per step, and the accepted share; 0 where nothing was drafted. */
  readonly length?: string;
  readonly rate?: string;
}

/** Series that add up to a number of tokens. */
export interface TokenCounter {
  readonly names: readonly string[];
  /** Only samples whose label `mode` begins so. */
  readonly mode?: string;
}
