import { argumentWords } from '../../config/argument-words.ts';
import { sourceOf } from '../../config/rules/managed.ts';
import type { BenchConfig, BenchToolType } from '../../config/schema/bench.ts';
import { withoutSecrets } from '../../config/schema/secrets.ts';
import type { Word } from '../../word.ts';
import type { Measurement } from './spec.ts';

/** What a tool's arguments are made of. */
export interface ToolContext {
  readonly bench: BenchConfig;
  readonly measurement: Measurement;
  /** URL of the frontend, without a path. */
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

interface Tool {
  readonly program: string;
  /** What tells it to end, so that it writes what it has so far where it can. */
  readonly endSignal: string;
  /** `seeded`: the config gives the seed. */
  readonly runs: (context: ToolContext, seeded: boolean) => readonly ToolRun[];
}

export const TOOLS: Readonly<Record<BenchToolType, Tool>> = {
  // A cancelled aiperf writes its results; with SIGTERM it writes none (0.13.0, measured).
  aiperf: { program: 'aiperf', endSignal: 'INT', runs: aiperfRuns },
  sglang: { program: 'python3 -m sglang.bench_serving', endSignal: 'TERM', runs: sglangRuns },
  vllm: { program: 'vllm bench serve', endSignal: 'TERM', runs: vllmRuns },
};

/** What starts a tool. */
export function programWords(
  tool: BenchToolType,
  { program }: Pick<BenchConfig, 'program'>,
): readonly string[] {
  return (program ?? TOOLS[tool].program).trim().split(/\s+/);
}

/** The commands of one measurement, in their order. Arguments that say what dyn-slurm writes anyway are not written twice. */
export function toolRuns(tool: BenchToolType, context: ToolContext): readonly ToolRun[] {
  const { args } = context.bench;
  const dashed = (name: string) => name.replaceAll('_', '-');
  const own = Object.entries(withoutSecrets(tool, args).args).filter(
    ([name]) => sourceOf(tool, dashed(name)) === undefined,
  );
  const seeded = Object.keys(args).some((name) => ['seed', 'random-seed'].includes(dashed(name)));
  const before = programWords(tool, context.bench);
  const after = argumentWords(Object.fromEntries(own));
  return TOOLS[tool]
    .runs(context, seeded)
    .map(({ kind, argv }) => ({ kind, argv: [...before, ...argv, ...after] }));
}

/** Options by name, in their order: `true` is a bare flag, and what is undefined or false is left out. */
function options(values: Readonly<Record<string, Word | number | boolean | undefined>>): readonly Word[] {
  return Object.entries(values).flatMap(([name, value]): readonly Word[] => {
    if (value === undefined || value === false) return [];
    if (value === true) return [`--${name}`];
    return [`--${name}`, typeof value === 'number' ? String(value) : value];
  });
}

/** `aiperf profile`, as 0.13.0 takes it; it warms up by itself. https://pypi.org/project/aiperf/ */
function aiperfRuns(context: ToolContext, seeded: boolean): readonly ToolRun[] {
  const { bench, measurement, url, model, tokenizer, folder } = context;
  const { concurrency, prompts, warmup, index } = measurement;
  const { isl, osl, dataset, dataset_path: path, random_range_ratio: ratio, request_rate: rate } = bench;
  const load = options({
    ...{ model, tokenizer, url, 'endpoint-type': 'completions', streaming: true, concurrency },
    'request-count': prompts,
    'warmup-request-count': warmup > 0 && warmup,
    'request-rate': rate !== 'inf' && rate,
    // Prompts that come a second time would be found in the prefix cache.
    'num-dataset-entries': dataset === undefined && prompts + warmup,
    'public-dataset': path === undefined && dataset,
    ...(dataset !== undefined && {
      'input-file': path,
      'custom-dataset-type': path !== undefined && dataset,
    }),
    ...(isl !== undefined && { isl, 'isl-stddev': 0 }),
    ...(osl !== undefined && { osl, 'osl-stddev': 0 }),
    'random-range-ratio': ratio,
    'extra-inputs': 'ignore_eos:true',
  });
  const rest = options({
    'extra-inputs': osl !== undefined && ratio === undefined && `min_tokens:${osl}`,
    // What the service counted, not what the tokenizer makes of its text.
    'use-server-token-count': true,
    'random-seed': !seeded && index,
    'output-artifact-dir': folder(''),
  });
  return [{ kind: 'point', argv: ['profile', ...load, ...rest] }];
}

/** `sglang.bench_serving`, as 0.5.9 takes it; it warms up by itself. Its `random` prompts would be downloaded. */
function sglangRuns(context: ToolContext, seeded: boolean): readonly ToolRun[] {
  const { bench, measurement, url, model, tokenizer, folder } = context;
  const { isl, osl, dataset, random_range_ratio: ratio = 1 } = bench;
  const lengths = dataset === undefined || dataset.startsWith('random');
  const argv = options({
    backend: 'sglang-oai',
    'base-url': url,
    ...{ model, tokenizer, 'dataset-name': dataset ?? 'random-ids', 'dataset-path': bench.dataset_path },
    ...(lengths && { 'random-input-len': isl, 'random-output-len': osl, 'random-range-ratio': ratio }),
    'num-prompts': measurement.prompts,
    'max-concurrency': measurement.concurrency,
    'request-rate': bench.request_rate,
    'warmup-requests': measurement.warmup,
    seed: !seeded && measurement.index,
    'disable-tqdm': true,
    'output-file': folder('/result.jsonl'),
  });
  return [{ kind: 'point', argv }];
}

/** Requests a second of a warm-up, as in the benchmarks that were published with the recipes. */
const WARMUP_RATE = 250;
/** So that a warm-up leaves none of the measurement's own prompts in the prefix cache. */
const WARMUP_SEED = 100_000;

/** benchmark_serving.py of vLLM 0.8.5, and `vllm bench serve`, which took its arguments over. */
function vllmRuns(context: ToolContext, seeded: boolean): readonly ToolRun[] {
  const { bench, measurement, url, model, tokenizer, folder } = context;
  const { isl, osl, dataset, random_range_ratio: ratio } = bench;
  const { prompts, warmup, index, concurrency } = measurement;
  const lengths = dataset === undefined || dataset === 'random';
  const load = (requests: number, rate: number | 'inf') => ({
    backend: 'openai',
    'base-url': url,
    endpoint: '/v1/completions',
    ...{ model, tokenizer, 'dataset-name': dataset ?? 'random', 'dataset-path': bench.dataset_path },
    ...(lengths && { 'random-input-len': isl, 'random-output-len': osl, 'random-range-ratio': ratio }),
    'num-prompts': requests,
    'max-concurrency': concurrency,
    'request-rate': rate,
    'ignore-eos': true,
    'disable-tqdm': true,
  });
  const warming = options({ ...load(warmup, WARMUP_RATE), seed: !seeded && WARMUP_SEED + index });
  const measuring = options({
    ...load(prompts, bench.request_rate),
    'percentile-metrics': 'ttft,tpot,itl,e2el',
    'metric-percentiles': '50,90,95,99',
    seed: !seeded && index,
    'save-result': true,
    'result-dir': folder(''),
    'result-filename': 'result.json',
  });
  return [
    ...(warmup === 0 ? [] : [{ kind: 'warm-up' as const, argv: warming }]),
    { kind: 'point', argv: measuring },
  ];
}
