import type { ToolContext, ToolRun } from './command.ts';

/** `aiperf profile`, as 0.13.0 takes it; it warms up by itself. https://pypi.org/project/aiperf/ */
export function aiperfWords(
  { bench, measurement, url, model, tokenizer, folder }: ToolContext,
  unlessSeeded: (words: readonly string[]) => readonly string[],
): readonly ToolRun[] {
  const { concurrency, prompts, warmup, index } = measurement;
  const { isl, osl, random_range_ratio: ratio, request_rate: rate } = bench;
  const argv = [
    'profile',
    ...['--model', model, '--tokenizer', tokenizer],
    ...['--url', url, '--endpoint-type', 'completions', '--streaming'],
    ...['--concurrency', String(concurrency), '--request-count', String(prompts)],
    ...(warmup === 0 ? [] : ['--warmup-request-count', String(warmup)]),
    ...(rate === 'inf' ? [] : ['--request-rate', String(rate)]),
    ...dataset(bench, prompts + warmup),
    ...(isl === undefined ? [] : ['--isl', String(isl), '--isl-stddev', '0']),
    ...(osl === undefined ? [] : ['--osl', String(osl), '--osl-stddev', '0']),
    ...(ratio === undefined ? [] : ['--random-range-ratio', String(ratio)]),
    ...['--extra-inputs', 'ignore_eos:true'],
    ...(osl === undefined || ratio !== undefined ? [] : ['--extra-inputs', `min_tokens:${osl}`]),
    // What the service counted, not what the tokenizer makes of its text.
    '--use-server-token-count',
    ...unlessSeeded(['--random-seed', String(index)]),
    ...['--output-artifact-dir', folder('')],
  ];
  return [{ kind: 'point', argv }];
}

/** Prompts that come a second time would be found in the prefix cache. */
function dataset(
  { dataset: name, dataset_path: path }: ToolContext['bench'],
  prompts: number,
): readonly string[] {
  if (name === undefined) return ['--num-dataset-entries', String(prompts)];
  return path === undefined
    ? ['--public-dataset', name]
    : ['--input-file', path, '--custom-dataset-type', name];
}
