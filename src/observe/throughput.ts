import type { BatchLine } from '../engines/dialect.ts';
import type { Ranks } from '../engines/line-stamp.ts';

/** What a worker does, over a window of time. */
export interface Rates {
  readonly inputTokensPerSecond: number;
  readonly outputTokensPerSecond: number;
  readonly running: number;
  readonly queued: number;
  /** Used share of the KV cache of the fullest DP rank, 0 to 1; undefined where no line has it. */
  readonly kvUsage?: number;
}

/** Milliseconds. */
const WINDOW = 10_000;
/** A rank that writes seldom, every thousandth step, is believed for so many of its own gaps, and not longer than this. */
const GAPS = 2.5;
const LONGEST = 300_000;
/** Rank of lines without one, such as those in Dynamo's own format. */
const UNNAMED = -1;

/**
 * One worker's throughput from the batch lines of all its nodes: the mean of each DP rank's lines in the window, summed
 * over DP ranks. TP, EP and PP ranks of a DP rank work on the same tokens: only the first that writes counts.
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
      rank = new RankLines(place);
      this.#ranks.set(dp, rank);
    }
    if (place === rank.place) rank.add(line, line.time ?? now, this.window);
  }

  /** In the window that ends at `now`, on the lines' own clock. */
  at(now: number): Rates {
    const total = { inputTokensPerSecond: 0, outputTokensPerSecond: 0, running: 0, queued: 0 };
    let kvUsage: number | undefined;
    for (const [dp, rank] of this.#ranks) {
      const times = dp === UNNAMED ? this.#unnamed : 1;
      total.inputTokensPerSecond += times * rank.prefill.mean(now, this.window);
      total.outputTokensPerSecond += times * rank.decode.mean(now, this.window);
      const { last } = rank;
      if (last === undefined || now - rank.time > rank.validFor(this.window)) continue;
      total.running += times * (last.running ?? 0);
      total.queued += times * (last.queued ?? 0);
      if (last.usage !== undefined) kvUsage = Math.max(kvUsage ?? 0, last.usage);
    }
    return { ...total, ...(kvUsage !== undefined && { kvUsage }) };
  }
}

/** Order of the ranks that work on the same tokens. */
function placeOf({ pp = 0, tp = 0, ep = 0 }: Ranks): number {
  return (pp * 65536 + tp) * 65536 + ep;
}

/** What one DP rank wrote last. */
class RankLines {
  readonly place: number;
  readonly prefill = new Recent();
  readonly decode = new Recent();
  last: BatchLine | undefined;
  time = Number.NEGATIVE_INFINITY;
  #prefillTime: number | undefined;

  constructor(place: number) {
    this.place = place;
  }

  add(line: BatchLine, time: number, window: number): void {
    if (line.kind !== 'prefill') this.decode.add(line.tokensPerSecond ?? 0, time, window);
    if (line.kind === 'both') this.prefill.add(line.inputTokensPerSecond ?? 0, time, window);
    if (line.kind === 'prefill') {
      this.prefill.add(line.tokensPerSecond ?? this.#inputRate(line, time), time, window);
      this.#prefillTime = time;
    }
    this.last = line;
    this.time = time;
  }

  validFor(window: number): number {
    return Math.max(this.prefill.validFor(window), this.decode.validFor(window));
  }

  /** 0.4.9 and 0.5.4 tell no rate of aggregated workers: it is the batch's tokens since the batch before, as in 0.5.23. */
  #inputRate({ newTokens = 0 }: BatchLine, time: number): number {
    const seconds = this.#prefillTime === undefined ? 0 : (time - this.#prefillTime) / 1000;
    // Stamps of whole seconds: several batches in one second are its tokens together.
    return newTokens / Math.max(1, seconds);
  }
}

/** Rates by time, as far back as the window reaches, and at least the last one. */
class Recent {
  readonly #rates: number[] = [];
  readonly #times: number[] = [];
  #first = 0;
  #gap = 0;

  add(rate: number, time: number, window: number): void {
    const before = this.#times.at(-1);
    if (before !== undefined && time > before) this.#gap = time - before;
    this.#rates.push(rate);
    this.#times.push(time);
    while ((this.#times[this.#first] as number) <= time - window) this.#first++;
    if (this.#first < 1024) return;
    this.#rates.splice(0, this.#first);
    this.#times.splice(0, this.#first);
    this.#first = 0;
  }

  mean(now: number, window: number): number {
    let [sum, count] = [0, 0];
    for (let at = this.#times.length - 1; at >= this.#first; at--) {
      const time = this.#times[at] as number;
      if (time <= now - window) break;
      if (time > now) continue;
      sum += this.#rates[at] as number;
      count++;
    }
    if (count > 0) return sum / count;
    const last = this.#times.at(-1);
    return last !== undefined && now >= last && now - last <= this.validFor(window)
      ? (this.#rates.at(-1) as number)
      : 0;
  }

  validFor(window: number): number {
    return Math.max(window, Math.min(LONGEST, GAPS * this.#gap));
  }
}
