import { isObject, parseJson } from '../../run/lenient.ts';
import type { Percentiles } from '../result.ts';

/** What a tool's own result says of one measurement. */
export interface Measured {
  readonly toolVersion?: string;
  readonly concurrency?: number;
  readonly requestRate?: number | 'inf';
  /** Requests asked for. */
  readonly prompts?: number;
  readonly completed: number;
  readonly failed?: number;
  readonly seconds: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly requestsPerSecond?: number;
  readonly outputTokensPerSecond?: number;
  readonly totalTokensPerSecond?: number;
  readonly ttft?: Percentiles;
  readonly tpot?: Percentiles;
  readonly itl?: Percentiles;
  readonly e2e?: Percentiles;
  /** The tool was told to end before it was through. */
  readonly cut?: boolean;
  /** First error that requests failed with. */
  readonly error?: string;
}

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
export function present<Names extends string>(
  values: Readonly<Record<Names, number | undefined>>,
): { readonly [Name in Names]?: number } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [Name in Names]?: number;
  };
}
