import { type Fields, type Measured, numberAt, parseObject, present, timesOf } from './measured.ts';

/**
 * The result of a benchmark_serving.py: of vLLM, and of sglang.bench_serving, which descends from it. Undefined where the
 * text is none of theirs.
 */
export function readServing(text: string): Measured | undefined {
  const fields = parseObject(text);
  if (fields === undefined) return undefined;
  const completed = numberAt(fields, 'completed');
  const seconds = numberAt(fields, 'duration');
  if (completed === undefined || seconds === undefined || !('output_throughput' in fields)) return undefined;
  return {
    ...present({
      concurrency: numberAt(fields, 'max_concurrency'),
      prompts: numberAt(fields, 'num_prompts'),
    }),
    // Python's inf, which no JSON number is.
    requestRate: numberAt(fields, 'request_rate') ?? 'inf',
    completed,
    ...present({ failed: numberAt(fields, 'failed') }),
    seconds,
    inputTokens: numberAt(fields, 'total_input_tokens') ?? 0,
    outputTokens: numberAt(fields, 'total_output_tokens') ?? 0,
    ...present({
      requestsPerSecond: numberAt(fields, 'request_throughput'),
      outputTokensPerSecond: numberAt(fields, 'output_throughput'),
      totalTokensPerSecond:
        numberAt(fields, 'total_token_throughput') ?? numberAt(fields, 'total_throughput'),
    }),
    ...times(fields, 'ttft', 'ttft'),
    ...times(fields, 'tpot', 'tpot'),
    ...times(fields, 'itl', 'itl'),
    ...times(fields, 'e2e', 'e2e_latency'),
    ...times(fields, 'e2e', 'e2el'),
  };
}

/** sglang.bench_serving appends one line a run; the last one counts. */
export function readServingLines(text: string): Measured | undefined {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return readServing(lines.at(-1) ?? '');
}

function times(fields: Fields, name: 'ttft' | 'tpot' | 'itl' | 'e2e', theirs: string) {
  const at = (what: string) => numberAt(fields, `${what}_${theirs}_ms`);
  return timesOf(name, (of) => (of === 'p50' ? (at('median') ?? at('p50')) : at(of)));
}
