/** Repeated measurements of one thing. */
export interface Spread {
  readonly mean: number;
  /** Sample standard deviation; undefined of a single measurement. */
  readonly deviation?: number;
  readonly count: number;
}

/** Undefined of nothing. */
export function spreadOf(values: readonly number[]): Spread | undefined {
  const count = values.length;
  if (count === 0) return undefined;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  if (count === 1) return { mean, count };
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / (count - 1)), count };
}

export interface Difference {
  readonly difference: number;
  /** Of the first; undefined where that is nothing. */
  readonly relative?: number;
  /** Twice the standard error of the difference; undefined where neither was repeated. */
  readonly noise?: number;
  readonly verdict: 'real' | 'noise' | 'unknown';
}

/** Of two means. What was measured once is taken to spread as the other does. */
export function differenceOf(before: Spread, after: Spread): Difference {
  const difference = after.mean - before.mean;
  const deviations = [before.deviation ?? after.deviation, after.deviation ?? before.deviation] as const;
  const found = {
    difference,
    ...(before.mean !== 0 && { relative: difference / before.mean }),
  };
  if (deviations[0] === undefined || deviations[1] === undefined) return { ...found, verdict: 'unknown' };
  const noise = 2 * Math.sqrt(deviations[0] ** 2 / before.count + deviations[1] ** 2 / after.count);
  return { ...found, noise, verdict: Math.abs(difference) > noise ? 'real' : 'noise' };
}
