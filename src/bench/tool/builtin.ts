import type { Percentiles } from '../result.ts';
import { type Measured, parseObject } from './measured.ts';

/** result.json of the built-in client: what it measured, and the schema that it is in. */
export interface BuiltinResult extends Measured {
  readonly schema: typeof BUILTIN_SCHEMA;
  readonly ttft?: Percentiles;
}

export const BUILTIN_SCHEMA = 'dyn-slurm/bench-client/1';

/** Undefined where the text is none. */
export function readBuiltin(text: string): Measured | undefined {
  const fields = parseObject(text);
  if (fields?.schema !== BUILTIN_SCHEMA) return undefined;
  const { schema: _, ...measured } = fields;
  return measured as unknown as Measured;
}
