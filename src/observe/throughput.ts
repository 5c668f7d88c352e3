import type { BatchLine } from '../engines/dialect.ts';
import type { Ranks } from '../engines/line-stamp.ts';
import { TokenFlow } from './token-flow.ts';

/** What a worker does, over a window of time. */
export interface Rates {
  /** Of prompts, whether computed or found in the cache. */
  readonly inputTokensPerSecond: number;
  readonly outputTokensPerSecond: number;
  readonly running: number;
  readonly queued: number;
  /** Used share of the KV cache of the fullest DP rank, 0 to 1; undefined where no line has it. */
  readonly kvUsage?: number;
}

/** Milliseconds. */
const WINDOW = 10_000;
/** Rank of lines without one, such as those in Dynamo's own format. */
const UNNAMED = -1;

/**
 * One worker's throughput from the batch lines of all its nodes, summed over DP ranks. TP, EP and PP ranks of a DP rank
 * work on the same tokens: only the first that writes counts.
 */
export class ThroughputWindow {
  readonly window: number;
  readonly #unnamed: number;
  readonly #ranks = new Map<number, RankLines>();

  /** `window`: milliseconds. `unnamed`: how many DP ranks write where lines name none. */
  constructor(window = WINDOW, unnamed = 1) {
    this.window = window;
    this.#unnamed = unnamed;
  }

  /** `now`: the line's time where it has none, milliseconds. */
  add(line: BatchLine, now: number): void {
    // What tells of speculative decoding alone.
    if (line.kind === 'both' && line.running === undefined) return;
    const dp = line.ranks.dp ?? UNNAMED;
    const place = placeOf(line.ranks);
    let rank = this.#ranks.get(dp);
    if (rank === undefined || place < rank.place) {
      rank = new RankLines(place, dp === UNNAMED ? this.#unnamed : 1, line.forAllRanks === true);
      this.#ranks.set(dp, rank);
    }
    if (place === rank.place) rank.add(line, line.time ?? now, this.window);
  }

  /** In the window that ends at `now`, on the lines' own clock. */
  at(now: number): Rates {
    const total = { inputTokensPerSecond: 0, outputTokensPerSecond: 0, running: 0, queued: 0 };
    let kvUsage: number | undefined;
    for (const rank of this.#ranks.values()) {
      total.inputTokensPerSecond += rank.times * rank.prefill.at(now, this.window);
      total.outputTokensPerSecond += rank.times * rank.decode.at(now, this.window);
      const { last } = rank;
      if (last === undefined || now - rank.time > rank.validFor(this.window)) continue;
      total.running += rank.dp * (last.running ?? 0);
      total.queued += rank.dp * (last.queued ?? 0);
      if (last.usage !== undefined) kvUsage = Math.max(kvUsage ?? 0, last.usage);
    }
    return { ...total, ...(kvUsage !== undefined && { kvUsage }) };
  }
}

/** Order of the ranks that work on the same tokens. */
function placeOf({ pp = 0, tp = 0, ep = 0 }: Ranks): number {
  return (pp * 65536 + tp) * 65536 + ep;
}

/** What one DP rank, or all that are not named, wrote. */
class RankLines {
  readonly place: number;
  /** DP ranks of which a line tells, each of itself or, where only one writes, one of all. */
  readonly dp: number;
  /** By how much their tokens are to be multiplied. */
  readonly times: number;
  readonly prefill: TokenFlow;
  readonly decode: TokenFlow;
  last: BatchLine | undefined;
  time = Number.NEGATIVE_INFINITY;

  constructor(place: number, dp: number, forAll: boolean) {
    this.place = place;
    this.dp = dp;
    this.times = forAll ? dp : 1;
    this.prefill = new TokenFlow(forAll ? 1 : dp);
    this.decode = new TokenFlow(forAll ? 1 : dp);
  }

  add(line: BatchLine, time: number, window: number): void {
    const { newTokens, cachedTokens = 0, seconds } = line;
    const prompts = newTokens === undefined ? undefined : newTokens + cachedTokens;
    if (line.kind !== 'decode') {
      this.prefill.add({ tokens: prompts, rate: line.inputTokensPerSecond, seconds }, time, window);
    }
    if (line.kind !== 'prefill') {
      this.decode.add({ tokens: line.generatedTokens, rate: line.tokensPerSecond, seconds }, time, window);
    }
    this.last = line;
    this.time = time;
  }

  validFor(window: number): number {
    return Math.max(this.prefill.validFor(window), this.decode.validFor(window));
  }
}
