import { z } from 'zod';
import { fields, number, read, text } from '../../run/lenient.ts';
import type { Percentiles } from '../result.ts';
import { type Measured, parseObject } from './measured.ts';

/** result.json of the built-in client: what it measured, and the schema that it is in. */
export interface BuiltinResult extends Measured {
  readonly schema: typeof BUILTIN_SCHEMA;
  readonly ttft?: Percentiles;
}

export const BUILTIN_SCHEMA = 'dyn-slurm/bench-client/1';

const percentiles: z.ZodType<Percentiles> = fields(
  { mean: number },
  { p50: number, p90: number, p95: number, p99: number, min: number, max: number },
);

const builtinResult: z.ZodType<BuiltinResult> = fields(
  {
    schema: z.literal(BUILTIN_SCHEMA),
    completed: number,
    seconds: number,
    inputTokens: number,
    outputTokens: number,
  },
  {
    toolVersion: text,
    concurrency: number,
    requestRate: z.union([number, z.literal('inf')]),
    prompts: number,
    failed: number,
    requestsPerSecond: number,
    outputTokensPerSecond: number,
    totalTokensPerSecond: number,
    ttft: percentiles,
    tpot: percentiles,
    itl: percentiles,
    e2e: percentiles,
    cut: z.boolean(),
    error: text,
  },
);

/** Undefined where the text is none. */
export function readBuiltin(written: string): Measured | undefined {
  const result = read(builtinResult, parseObject(written));
  if (result === undefined) return undefined;
  const { schema: _, ...measured } = result;
  return measured;
}
