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

/** At most `most` rows: each is the mean of so many neighbors, so that totals stay what they were. */
export function thin(times: readonly number[], columns: readonly Column[], most: number): Columns {
  const samples = Math.max(1, Math.ceil(times.length / most));
  if (samples === 1) return { times, columns, samples };
  const thinned = (column: Column): Column =>
    Array.from({ length: Math.ceil(column.length / samples) }, (_, row) =>
      mean(column.slice(row * samples, (row + 1) * samples)),
    );
  return { times: thinned(times).map((time) => time ?? 0), columns: columns.map(thinned), samples };
}

/** Of what is there; to three decimals. */
export function mean(values: Column): number | null {
  const known = values.filter((value) => value !== null);
  if (known.length === 0) return null;
  return toThousandths(known.reduce((sum, value) => sum + value, 0) / known.length);
}

export const toThousandths = (value: number): number => Math.round(value * 1000) / 1000;

export const hasValues = (column: Column): boolean => column.some((value) => value !== null);
