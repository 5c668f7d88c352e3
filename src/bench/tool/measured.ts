import { z } from 'zod';
import { type Fields as FieldsOf, fields, isObject, number, parseJson, text } from '../../run/lenient.ts';
import type { Percentiles } from '../result.ts';

const percentiles: z.ZodType<Percentiles> = fields(
  { mean: number },
  { p50: number, p90: number, p95: number, p99: number, min: number, max: number },
);

const NEEDED = { completed: number, seconds: number, inputTokens: number, outputTokens: number };

const OPTIONAL = {
  toolVersion: text,
  concurrency: number,
  requestRate: z.union([number, z.literal('inf')]),
  /** Requests asked for. */
  prompts: number,
  failed: number,
  requestsPerSecond: number,
  outputTokensPerSecond: number,
  totalTokensPerSecond: number,
  /** Requests a second that met the service-level objective. */
  goodput: number,
  /** Tokens for each step of speculative decoding, and the share of drafted tokens that was accepted. */
  acceptLength: number,
  acceptRate: number,
  ttft: percentiles,
  tpot: percentiles,
  itl: percentiles,
  e2e: percentiles,
  /** The tool was told to end before it was through. */
  cut: z.boolean(),
  /** First error that requests failed with. */
  error: text,
};

/** What a tool's own result says of one measurement. */
export type Measured = FieldsOf<typeof NEEDED, typeof OPTIONAL>;

export const BUILTIN_SCHEMA = 'dyn-slurm/bench-client/1';

/** result.json of the built-in client: what it measured, and the schema that it is in. */
export const builtinResult = fields({ schema: z.literal(BUILTIN_SCHEMA), ...NEEDED }, OPTIONAL);

export type BuiltinResult = z.output<typeof builtinResult>;

export type Fields = Readonly<Record<string, unknown>>;

/** A JSON object as Python writes it, with `Infinity` and `NaN`, which become null; undefined for anything else. */
export function parseObject(text: string): Fields | undefined {
  const strict = text.replace(/"(?:[^"\\]|\\.)*"|-?Infinity|NaN/g, (part) =>
    part.startsWith('"') ? part : 'null',
  );
  const value = parseJson(strict);
  return isObject(value) ? value : undefined;
}

/** A finite number, else undefined. */
export function numberAt(fields: Fields, key: string): number | undefined {
  const value = fields[key];
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** The values that are there, under their names. */
export function present<Values extends object>(
  values: Values,
): { readonly [Name in keyof Values]?: Exclude<Values[Name], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [Name in keyof Values]?: Exclude<Values[Name], undefined>;
  };
}

type Statistic = keyof Percentiles;

/** What `at` knows of a time, under a name; nothing where it does not know the mean. */
export function timesOf<Name extends 'ttft' | 'tpot' | 'itl' | 'e2e'>(
  name: Name,
  at: (statistic: Statistic) => number | undefined,
): { readonly [Time in Name]?: Percentiles } {
  const mean = at('mean');
  if (mean === undefined) return {};
  const statistics = ['p50', 'p90', 'p95', 'p99', 'min', 'max'] as const;
  const known = Object.fromEntries(statistics.map((statistic) => [statistic, at(statistic)]));
  return { [name]: { mean, ...present(known) } } as { [Time in Name]: Percentiles };
}
