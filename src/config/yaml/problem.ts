import type { ConfigPath } from './source-range.ts';

/** A finding without a position: what is wrong at a path of the job. `resolve.ts` places it in a file. */
export interface Problem {
  readonly severity: 'error' | 'warning';
  readonly path: ConfigPath;
  /** Which side of the colon it is about; a value by default. */
  readonly at?: 'key' | 'value';
  /** A second place that takes part in it. */
  readonly related?: ConfigPath;
  /** Goes on after `path: `, in plain words: `must be at least 1, not 0`. */
  readonly message: string;
  /** What to do about it, as one sentence. */
  readonly hint?: string;
  /** The value is a secret: code frames mask it. */
  readonly conceal?: boolean;
}
