/** A value at each time, or null where there was none. */
export type Column = readonly (number | null)[];

/** Columns over the same times, which ascend. */
export interface Columns {
  /** Seconds since 1970. */
  readonly times: readonly number[];
  readonly columns: readonly Column[];
  /** How many samples a value is the mean of, at most. */
  readonly samples: number;
}

/** At most `most` rows: each is the mean of so many neighbours, so that totals stay what they were. */
export function thin(times: readonly number[], columns: readonly Column[], most: number): Columns {
  const samples = Math.max(1, Math.ceil(times.length / most));
  if (samples === 1) return { times, columns, samples };
  return {
    times: grouped(times, samples).map((group) => rounded(mean(group) ?? 0, 1000)),
    columns: columns.map((column) => grouped(column, samples).map((group) => mean(group))),
    samples,
  };
}

function grouped<Value>(values: readonly Value[], size: number): readonly (readonly Value[])[] {
  return Array.from({ length: Math.ceil(values.length / size) }, (_, index) =>
    values.slice(index * size, (index + 1) * size),
  );
}

/** Of what is there; to three decimals. */
export function mean(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  if (known.length === 0) return null;
  return rounded(known.reduce((sum, value) => sum + value, 0) / known.length, 1000);
}

function rounded(value: number, to: number): number {
  return Math.round(value * to) / to;
}
