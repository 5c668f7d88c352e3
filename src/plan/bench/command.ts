import { type BenchToolType, managedBenchFlag } from '../../config/compat/bench-args.ts';
import type { BenchConfig } from '../../config/schema/bench.ts';
import { withoutSecrets } from '../../config/schema/secrets.ts';
import { argumentWords } from '../engine/arguments.ts';
import type { Word } from '../plan.ts';
import { aiperfWords } from './aiperf.ts';
import type { Measurement } from './measurement.ts';
import { sglangWords } from './sglang.ts';
import { vllmWords } from './vllm.ts';

/** What a tool's arguments are made of. */
export interface ToolContext {
  readonly bench: BenchConfig;
  readonly measurement: Measurement;
  /** Of the frontend, without a path. */
  readonly url: Word;
  readonly model: string;
  readonly tokenizer: string;
  /** The measurement's own folder. */
  readonly folder: (file: string) => Word;
}

/** A run of a tool: requests that count, or such as only warm the service up. */
export interface ToolRun {
  readonly kind: 'point' | 'warm-up';
  readonly argv: readonly Word[];
}

/** What tells a tool to end, so that it writes what it has so far where it can. */
export const END_SIGNAL: Readonly<Record<BenchToolType, string>> = {
  // A cancelled aiperf writes its results; with SIGTERM it writes none (0.13.0, measured).
  aiperf: 'INT',
  sglang: 'TERM',
  vllm: 'TERM',
};

const PROGRAMS: Readonly<Record<BenchToolType, string>> = {
  aiperf: 'aiperf',
  sglang: 'python3 -m sglang.bench_serving',
  vllm: 'vllm bench serve',
};

/** The commands of one measurement, in their order. */
export function toolRuns(tool: BenchToolType, context: ToolContext): readonly ToolRun[] {
  const { bench } = context;
  const program = (bench.program ?? PROGRAMS[tool]).trim().split(/\s+/);
  const own = argumentWords(ownArguments(tool, bench));
  const seeded = Object.keys(bench.args).some((name) => SEEDS.has(name.replaceAll('_', '-')));
  const runs = WORDS[tool](context, (seed) => (seeded ? [] : seed));
  return runs.map(({ kind, argv }) => ({ kind, argv: [...program, ...argv, ...own] }));
}

const WORDS = { aiperf: aiperfWords, sglang: sglangWords, vllm: vllmWords } as const;

const SEEDS: ReadonlySet<string> = new Set(['seed', 'random-seed']);

/** Arguments that say what dyn-slurm writes anyway are not written twice. */
function ownArguments(tool: BenchToolType, bench: BenchConfig): BenchConfig['args'] {
  const kept = Object.entries(withoutSecrets(tool, bench.args).args).filter(
    ([name]) => managedBenchFlag(tool, name.replaceAll('_', '-')) === undefined,
  );
  return Object.fromEntries(kept);
}
