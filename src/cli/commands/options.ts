import type { LoadOptions } from '../runs/config/load.ts';
import type { LookupOptions } from '../runs/lookup.ts';

/** What commands on runs take. */
export interface RunOptions extends LookupOptions {
  readonly json?: boolean;
}

/** What commands on configs take. */
export interface ConfigOptions extends LoadOptions {
  readonly json?: boolean;
}
