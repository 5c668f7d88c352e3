import { isObject } from '../../run/lenient.ts';
import { type Fields, type Measured, numberAt, parseObject, present, timesOf } from './measured.ts';

/** profile_export_aiperf.json, as aiperf 0.13.0 writes it (schema 1.4). Undefined where the text is none. */
export function readAiperf(text: string): Measured | undefined {
  const fields = parseObject(text);
  if (fields === undefined || !('aiperf_version' in fields) || !isObject(fields.input_config))
    return undefined;
  const completed = average(fields, 'request_count') ?? 0;
  const finished = average(fields, 'completed_request_count') ?? completed;
  return {
    toolVersion: String(fields.aiperf_version),
    ...present({
      concurrency: phase(fields, 'concurrency'),
      prompts: phase(fields, 'requests'),
      requestRate: phase(fields, 'rate'),
    }),
    completed,
    failed: average(fields, 'error_request_count') ?? finished - completed,
    seconds: average(fields, 'benchmark_duration') ?? 0,
    inputTokens: average(fields, 'total_usage_prompt_tokens') ?? average(fields, 'total_isl') ?? 0,
    outputTokens:
      average(fields, 'total_usage_completion_tokens') ?? average(fields, 'total_output_tokens') ?? 0,
    ...present({
      requestsPerSecond: average(fields, 'request_throughput'),
      outputTokensPerSecond: average(fields, 'output_token_throughput'),
      totalTokensPerSecond: average(fields, 'total_token_throughput'),
      goodput: average(fields, 'goodput'),
    }),
    ...times(fields, 'ttft', 'time_to_first_token'),
    // What aiperf calls inter-token latency is an average over each request; the gaps are those between chunks.
    ...times(fields, 'tpot', 'inter_token_latency'),
    ...times(fields, 'itl', 'inter_chunk_latency'),
    ...times(fields, 'e2e', 'request_latency'),
    ...(fields.was_cancelled === true && { cut: true }),
    ...present({ error: firstError(fields) }),
  };
}

function average(fields: Fields, metric: string): number | undefined {
  const value = fields[metric];
  return isObject(value) ? numberAt(value, 'avg') : undefined;
}

/** The phase that is measured. */
function phase({ input_config: config }: Fields, key: string): number | undefined {
  if (!isObject(config) || !Array.isArray(config.phases)) return undefined;
  const counted = config.phases.filter(isObject).findLast(({ name }) => name === 'profiling');
  return counted && numberAt(counted, key);
}

function firstError({ error_summary: errors }: Fields): string | undefined {
  const [first] = Array.isArray(errors) ? errors.filter(isObject) : [];
  const details = first && isObject(first.error_details) ? first.error_details : undefined;
  return typeof details?.message === 'string' ? details.message : undefined;
}

function times(fields: Fields, name: 'ttft' | 'tpot' | 'itl' | 'e2e', metric: string) {
  const value = fields[metric];
  return isObject(value) ? timesOf(name, (of) => numberAt(value, of === 'mean' ? 'avg' : of)) : {};
}
