import type { BatchLine } from './sglang-log.ts';

/** What a worker does, over a window of time. */
export interface Rates {
  readonly inputTokensPerSecond: number;
  readonly outputTokensPerSecond: number;
  readonly running: number;
  readonly queued: number;
  /** Of the fullest DP rank, 0 to 1. */
  readonly kvUsage?: number;
}

/** Milliseconds. */
const WINDOW = 10_000;

/**
 * One worker's throughput from the batch lines of all its nodes: the mean of each DP rank in the window, summed over DP
 * ranks. TP, EP and PP ranks of a DP rank work on the same tokens, and are never summed.
 */
export class ThroughputWindow {
  readonly window: number;

  /** `window`: milliseconds. */
  constructor(window = WINDOW) {
    this.window = window;
  }

  /** `now`: the line's time where it has none, milliseconds. */
  add(_line: BatchLine, _now: number): void {}

  /** In the window that ends at `now`, on the lines' own clock. */
  at(_now: number): Rates {
    return { inputTokensPerSecond: 0, outputTokensPerSecond: 0, running: 0, queued: 0 };
  }
}
