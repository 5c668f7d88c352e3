import type { Slo } from '../../plan/bench/spec.ts';
import { read } from '../../run/lenient.ts';
import type { BenchTool } from '../result.ts';
import { readAiperf } from './aiperf.ts';
import { builtinResult, type Measured, parseObject } from './measured.ts';
import { readServing, readServingLines } from './serving.ts';

/** The file of a measurement that has its result. */
export const RESULT_FILE: Readonly<Record<Exclude<BenchTool, 'custom' | 'accuracy'>, string>> = {
  aiperf: 'profile_export_aiperf.json',
  trace: 'profile_export_aiperf.json',
  agentic: 'profile_export_aiperf.json',
  sglang: 'result.jsonl',
  vllm: 'result.json',
  builtin: 'result.json',
};

/** Undefined where the text is no result of the tool. */
export function readTool(
  tool: Exclude<BenchTool, 'accuracy'>,
  text: string,
  slo?: Slo,
): Measured | undefined {
  switch (tool) {
    case 'aiperf':
    case 'trace':
    case 'agentic':
      return readAiperf(text);
    case 'sglang':
      return readServingLines(text, slo);
    case 'vllm':
      return readServing(text);
    case 'builtin':
      return readBuiltin(text);
    case 'custom':
      return readAiperf(text) ?? readServingLines(text);
    default:
      return tool satisfies never;
  }
}

function readBuiltin(written: string): Measured | undefined {
  const result = read(builtinResult, parseObject(written));
  if (result === undefined) return undefined;
  const { schema: _, ...measured } = result;
  return measured;
}
