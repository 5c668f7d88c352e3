import type { BenchConfig } from '../../config/schema/bench.ts';

/** From, to. */
export type Range = readonly [number, number];

/** Tokens that a chat template may add to a prompt, for all that is known of it. */
const TEMPLATE = 256;

/** aiperf has the service count the tokens of prompts, with those of the template. */
export function inputLength(isl: number, bench: BenchConfig): Range {
  const [low, high] = averageLength(isl, bench);
  return [low, bench.type === 'aiperf' && bench.chat_template !== false ? high + TEMPLATE : high];
}

/** A program of the user's may take the ratio as the tools of vLLM and SGLang do, or as some releases of vLLM did. */
export function averageLength(
  length: number,
  { random_range_ratio: ratio = 1, program }: BenchConfig,
): Range {
  const lower = (length * (1 + ratio)) / 2;
  return [lower, program === undefined ? lower : length];
}
