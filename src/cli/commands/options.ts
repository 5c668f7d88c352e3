import type { LookupOptions } from '../runs/lookup.ts';

/** What commands on runs take. */
export interface RunOptions extends LookupOptions {
  readonly json?: boolean;
}
