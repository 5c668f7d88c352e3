import type { StartStage } from './log-event.ts';

/** Which of a worker's processes wrote a line; a part is there where SGLang writes it. */
export interface Ranks {
  readonly dp?: number;
  readonly tp?: number;
  readonly ep?: number;
  readonly pp?: number;
}

interface Stamped {
  /** Milliseconds. SGLang's own stamps name no zone: they are taken for UTC. Absent where the line has none. */
  readonly time?: number;
  readonly ranks: Ranks;
}

/** `Prefill batch …` or `Decode batch …`: what one scheduler did since its last such line. Absent is what it does not say. */
export interface BatchLine extends Stamped {
  readonly kind: 'prefill' | 'decode';
  readonly newSequences?: number;
  /** Prompt tokens that are computed. */
  readonly newTokens?: number;
  /** Prompt tokens that were found in the cache. */
  readonly cachedTokens?: number;
  readonly running?: number;
  readonly queued?: number;
  /** Tokens in the KV cache; of hybrid models in the pool for full attention. */
  readonly tokens?: number;
  /** Of the KV cache, 0 to 1; of hybrid models the fullest pool. */
  readonly usage?: number;
  readonly acceptLength?: number;
  readonly cudaGraph?: boolean;
  /** `input throughput` of a prefill, `gen throughput` of a decode batch. */
  readonly tokensPerSecond?: number;
}

/** How far a rank's start has come. `done` and `total` count what the stage's name says in log-event.ts. */
export interface StageLine extends Stamped {
  readonly kind: 'stage';
  readonly stage: StartStage;
  readonly state: 'going' | 'done';
  readonly done?: number;
  readonly total?: number;
}

export type SglangLine = BatchLine | StageLine;

/**
 * What a line of a worker's log says, of any SGLang from 0.4.9 to 0.5.23, in its own format or Dynamo's (text or JSONL),
 * with or without colours. Undefined for all other lines. Never throws.
 */
export function parseSglangLine(_line: string): SglangLine | undefined {
  return undefined;
}
