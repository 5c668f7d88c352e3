import type { Slo } from '../../plan/bench/spec.ts';
import { meets } from '../slo.ts';
import { type Fields, type Measured, numberAt, parseObject, present, timesOf } from './measured.ts';

/**
 * The result of a benchmark_serving.py: of vLLM, and of sglang.bench_serving, which descends from it. Undefined where the
 * text is none of theirs.
 */
export function readServing(text: string, slo?: Slo): Measured | undefined {
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
      goodput:
        numberAt(fields, 'request_goodput') ??
        numberAt(fields, 'request_goodput:') ??
        goodput(fields, seconds, slo),
      ...acceptance(fields),
    }),
    ...times(fields, 'ttft', 'ttft'),
    ...times(fields, 'tpot', 'tpot'),
    ...times(fields, 'itl', 'itl'),
    ...times(fields, 'e2e', 'e2e_latency'),
    ...times(fields, 'e2e', 'e2el'),
  };
}

/** sglang.bench_serving appends one line a run; the last one counts. */
export function readServingLines(text: string, slo?: Slo): Measured | undefined {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return readServing(lines.at(-1) ?? '', slo);
}

function times(fields: Fields, name: 'ttft' | 'tpot' | 'itl' | 'e2e', theirs: string) {
  const at = (what: string) => numberAt(fields, `${what}_${theirs}_ms`);
  return timesOf(name, (of) => (of === 'p50' ? (at('median') ?? at('p50')) : at(of)));
}

/** What the tools read from the engine, where it speculates: SGLang's tool by `/server_info`, vLLM's by `/metrics`. */
function acceptance(fields: Fields): Pick<Measured, 'acceptLength' | 'acceptRate'> {
  const percent = numberAt(fields, 'spec_decode_acceptance_rate');
  return present({
    acceptLength: numberAt(fields, 'accept_length') ?? numberAt(fields, 'spec_decode_acceptance_length'),
    acceptRate: percent === undefined ? undefined : percent / 100,
  });
}

/** From the times of each request, in seconds, as `--output-details` of sglang.bench_serving lists them. */
function goodput(
  { ttfts, itls, output_lens: lengths, errors }: Fields,
  seconds: number,
  slo?: Slo,
): number | undefined {
  if (
    slo === undefined ||
    seconds <= 0 ||
    !Array.isArray(ttfts) ||
    !Array.isArray(itls) ||
    !Array.isArray(lengths)
  )
    return undefined;
  const failed = (index: number) => Array.isArray(errors) && Boolean(errors[index]);
  const good = ttfts.filter((first, index) => {
    const gaps: unknown = itls[index];
    const tokens = Number(lengths[index]);
    if (typeof first !== 'number' || !Array.isArray(gaps) || failed(index) || !(tokens > 0)) return false;
    const decode = gaps.reduce((sum: number, gap) => sum + Number(gap), 0);
    return meets({ ttft: first * 1000, e2e: (first + decode) * 1000, outputTokens: tokens }, slo);
  });
  return good.length / seconds;
}
