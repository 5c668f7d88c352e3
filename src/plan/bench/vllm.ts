import type { ToolContext, ToolRun } from './command.ts';

/** Requests a second of a warm-up, as in the benchmarks that were published with the recipes. */
const WARMUP_RATE = 250;
/** So that a warm-up leaves none of the measurement's own prompts in the prefix cache. */
const WARMUP_SEED = 100_000;

/** benchmark_serving.py of vLLM 0.8.5, and `vllm bench serve`, which took its arguments over. */
export function vllmWords(
  context: ToolContext,
  unlessSeeded: (words: readonly string[]) => readonly string[],
): readonly ToolRun[] {
  const { bench, measurement, folder } = context;
  const { prompts, warmup, index } = measurement;
  const warming = [
    ...loadWords(context, warmup, String(WARMUP_RATE)),
    ...unlessSeeded(['--seed', String(WARMUP_SEED + index)]),
  ];
  const measuring = [
    ...loadWords(context, prompts, String(bench.request_rate)),
    ...['--percentile-metrics', 'ttft,tpot,itl,e2el', '--metric-percentiles', '50,90,95,99'],
    ...unlessSeeded(['--seed', String(index)]),
    ...['--save-result', '--result-dir', folder(''), '--result-filename', 'result.json'],
  ];
  return [
    ...(warmup === 0 ? [] : [{ kind: 'warm-up' as const, argv: warming }]),
    { kind: 'point', argv: measuring },
  ];
}

function loadWords(
  { bench, measurement, url, model, tokenizer }: ToolContext,
  prompts: number,
  rate: string,
) {
  const { isl, osl, dataset, dataset_path: path, random_range_ratio: ratio } = bench;
  const lengths = dataset === undefined || dataset === 'random';
  return [
    ...['--backend', 'openai', '--base-url', url, '--endpoint', '/v1/completions'],
    ...['--model', model, '--tokenizer', tokenizer],
    ...['--dataset-name', dataset ?? 'random'],
    ...(path === undefined ? [] : ['--dataset-path', path]),
    ...(isl === undefined || !lengths ? [] : ['--random-input-len', String(isl)]),
    ...(osl === undefined || !lengths ? [] : ['--random-output-len', String(osl)]),
    ...(ratio === undefined || !lengths ? [] : ['--random-range-ratio', String(ratio)]),
    ...['--num-prompts', String(prompts), '--max-concurrency', String(measurement.concurrency)],
    ...['--request-rate', rate, '--ignore-eos', '--disable-tqdm'],
  ];
}
