/** Tokens of which a line tells: their number, or their rate since the line before it. */
export interface LineTokens {
  readonly tokens?: number | undefined;
  /** Tokens per second. */
  readonly rate?: number | undefined;
  /** Seconds that the rate is of at most, where the engine says so. */
  readonly seconds?: number | undefined;
}

/** A writer that is as regular as this, in gaps between its lines, goes on until it has been silent for as many of them. */
const GAPS = 2.5;
/** Milliseconds: a silence below it says nothing, and stamps may be of whole seconds. */
const SHORTEST = 1000;
/** Milliseconds that a writer is believed after its last line. */
const LONGEST = 300_000;

/**
 * Tokens over time, from the lines of schedulers that write one after the other. The rate over a window is the number of its
 * tokens by the time in which they came: between lines where they come regularly, since a line tells of what came before it;
 * else the window.
 */
export class TokenFlow {
  /** How many schedulers write the lines: a rate is since the line of the same one. */
  readonly #writers: number;
  readonly #times: number[] = [];
  /** NaN: a rate since a time that is not known. */
  readonly #tokens: number[] = [];
  readonly #rates: number[] = [];
  /** How many lines at the beginning no window needs any more. */
  #old = 0;

  constructor(writers = 1) {
    this.#writers = writers;
  }

  /** Both in milliseconds; lines before the window are forgotten. */
  add(line: LineTokens, time: number, window: number): void {
    const { rate = Number.NaN, seconds = Number.POSITIVE_INFINITY } = line;
    const before = this.#times.at(-this.#writers);
    const since = before === undefined ? Number.NaN : Math.max(0, time - before) / 1000;
    const covered = Number.isFinite(seconds)
      ? Math.min(seconds, before === undefined ? seconds : since)
      : since;
    this.#times.push(time);
    this.#tokens.push(line.tokens ?? rate * covered);
    this.#rates.push(rate);
    this.#forget(time - window);
  }

  /** Tokens per second in the window that ends at `now`. */
  at(now: number, window: number): number {
    const last = this.#times.findLastIndex((time) => time <= now);
    if (last < 0) return 0;
    const end = this.#times[last] as number;
    if (end <= now - window) return this.#believed(last, now);
    let first = last;
    while (first > 0 && (this.#times[first - 1] as number) > now - window) first--;
    // What a line without a number of tokens is good for is its time.
    let known = first;
    while (known <= last && Number.isNaN(this.#tokens[known])) known++;
    if (known > last) return this.#meanRate(first, last);
    const start = this.#times[known] as number;
    const before = this.#times[known - 1];
    const usual =
      last > known
        ? Math.max((end - start) / (last - known), this.#gapBefore(last))
        : this.#gapBefore(known - 1) || window;
    const patience = Math.max(SHORTEST, GAPS * usual);
    const regular = before !== undefined && (before > now - window || start - before <= patience);
    const from = regular ? before : now - window;
    const until = regular && now - end <= patience ? end : now;
    let sum = 0;
    for (let at = known; at <= last; at++) sum += this.#tokens[at] as number;
    return (sum * 1000) / Math.max(SHORTEST, until - from);
  }

  /** Milliseconds after its last line for which a writer is believed to go on. */
  validFor(window: number): number {
    return Math.max(window, Math.min(LONGEST, GAPS * this.#gapBefore(this.#times.length - 1)));
  }

  /** A scheduler that writes more seldom than once a window goes on as its last line says. */
  #believed(last: number, now: number): number {
    const gap = this.#gapBefore(last);
    const tokens = this.#tokens[last] as number;
    if (gap === 0 || Number.isNaN(tokens) || now - (this.#times[last] as number) > this.validFor(0)) return 0;
    return (tokens * 1000 * this.#writers) / gap;
  }

  #meanRate(first: number, last: number): number {
    const rates = this.#rates.slice(first, last + 1).filter((rate) => !Number.isNaN(rate));
    return rates.length === 0
      ? 0
      : (this.#writers * rates.reduce((sum, rate) => sum + rate, 0)) / rates.length;
  }

  #gapBefore(at: number): number {
    const [time, before] = [this.#times[at], this.#times[at - this.#writers]];
    return time === undefined || before === undefined ? 0 : Math.max(0, time - before);
  }

  /** Keeps, of what is older, the last two lines of each writer. */
  #forget(older: number): void {
    while ((this.#times[this.#old + 2 * this.#writers] ?? Number.POSITIVE_INFINITY) <= older) this.#old++;
    if (this.#old < 1024) return;
    for (const list of [this.#times, this.#tokens, this.#rates]) list.splice(0, this.#old);
    this.#old = 0;
  }
}
