import type { Arg } from '../../argument.ts';
import type { BenchConfig } from '../../config/schema/bench.ts';

/** So that a warm-up leaves none of the measurement's own prompts in the prefix cache. */
export const WARMUP_SEED = 100_000;

/** Options by name, in their order: `true` is a bare flag, and what is undefined or false is left out. */
export function options(
  values: Readonly<Record<string, Arg | number | boolean | undefined>>,
): readonly Arg[] {
  return Object.entries(values).flatMap(([name, value]): readonly Arg[] => {
    if (value === undefined || value === false) return [];
    if (value === true) return [`--${name}`];
    return [`--${name}`, typeof value === 'number' ? String(value) : value];
  });
}

/** `KEY:MILLISECONDS` by the tool's names. */
export function bounds(
  slo: NonNullable<BenchConfig['slo']>,
  names: Readonly<Record<'ttft' | 'itl' | 'e2e', string>>,
): readonly string[] {
  return (['ttft', 'itl', 'e2e'] as const).flatMap((key) =>
    slo[key] === undefined ? [] : [`${names[key]}:${slo[key]}`],
  );
}

/** Bounds as `aiperf profile --goodput` takes them. */
export function aiperfGoodput(slo: BenchConfig['slo']): string | undefined {
  const names = { ttft: 'time_to_first_token', itl: 'inter_token_latency', e2e: 'request_latency' };
  return slo && bounds(slo, names).join(' ');
}
