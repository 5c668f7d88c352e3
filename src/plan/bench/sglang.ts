import type { ToolContext, ToolRun } from './command.ts';

/** `sglang.bench_serving`, as 0.5.9 takes it; it warms up by itself. Its `random` prompts would be downloaded. */
export function sglangWords(
  { bench, measurement, url, model, tokenizer, folder }: ToolContext,
  unlessSeeded: (words: readonly string[]) => readonly string[],
): readonly ToolRun[] {
  const { concurrency, prompts, warmup, index } = measurement;
  const { isl, osl, dataset, dataset_path: path, random_range_ratio: ratio = 1 } = bench;
  const lengths = dataset === undefined || dataset.startsWith('random');
  const argv = [
    ...['--backend', 'sglang-oai', '--base-url', url],
    ...['--model', model, '--tokenizer', tokenizer],
    ...['--dataset-name', dataset ?? 'random-ids'],
    ...(path === undefined ? [] : ['--dataset-path', path]),
    ...(isl === undefined || !lengths ? [] : ['--random-input-len', String(isl)]),
    ...(osl === undefined || !lengths ? [] : ['--random-output-len', String(osl)]),
    ...(lengths ? ['--random-range-ratio', String(ratio)] : []),
    ...['--num-prompts', String(prompts), '--max-concurrency', String(concurrency)],
    ...['--request-rate', String(bench.request_rate), '--warmup-requests', String(warmup)],
    ...unlessSeeded(['--seed', String(index)]),
    '--disable-tqdm',
    ...['--output-file', folder('/result.jsonl')],
  ];
  return [{ kind: 'point', argv }];
}
