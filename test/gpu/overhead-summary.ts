/** What was measured of one load. */
export interface Loaded {
  readonly outputTokensPerSecond: number;
  readonly ttftP50: number;
  readonly itlP50: number;
}

/** A service that was started and loaded; times in milliseconds, by hand from the start of the engine's process, else from the submission. */
export interface Started {
  readonly processMs: number;
  readonly firstLineMs: number;
  readonly readyMs: number;
  readonly loads: readonly Loaded[];
}

export interface Pair {
  readonly byHand: Started;
  readonly launched: Started;
}

export interface Overhead {
  readonly pairs: readonly Pair[];
  /** Launched over by hand: medians over the pairs of the ratios of each pair's medians. */
  readonly ratios: Loaded;
  /** How much later the engine says its first line than by hand, after the submission instead of its start. */
  readonly addedMs: number;
  /** From the submission to the engine's process. */
  readonly processMs: number;
}

export function summary(pairs: readonly Pair[]): Overhead {
  const of = (started: Started, key: keyof Loaded) => median(started.loads.map((load) => load[key]));
  const ratio = (key: keyof Loaded) =>
    median(pairs.map(({ byHand, launched }) => of(launched, key) / of(byHand, key)));
  return {
    pairs,
    ratios: {
      outputTokensPerSecond: ratio('outputTokensPerSecond'),
      ttftP50: ratio('ttftP50'),
      itlP50: ratio('itlP50'),
    },
    addedMs: median(pairs.map(({ byHand, launched }) => launched.firstLineMs - byHand.firstLineMs)),
    processMs: median(pairs.map(({ launched }) => launched.processMs)),
  };
}

/** Of an even number of values, the mean of the two in the middle. */
function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.slice((sorted.length - 1) >> 1, (sorted.length >> 1) + 1);
  return middle.reduce((sum, value) => sum + value, 0) / middle.length;
}
