import type { WorkerLoad } from '../../run/service-event.ts';
import type { Sample } from './exposition.ts';
import { growthOf, has, type Series, sumOf } from './series.ts';

/** What a worker's page says. Without the page before, or where it was restarted since, there are fewer rates. */
export function workerLoad(before: Series | undefined, after: Series, seconds: number): WorkerLoad {
  const rate = (growth: number | undefined) =>
    growth === undefined || !(seconds > 0) ? undefined : growth / seconds;
  const load = {
    running: gauge(after, 'sglang:num_running_reqs') ?? plain(after, INFLIGHT, generates),
    queued: queuedIn(after),
    kvUsage: usage(after),
    ...(before && {
      inputTokensPerSecond: rate(inputTokens(before, after)),
      outputTokensPerSecond: rate(outputTokens(before, after)) ?? gauge(after, 'sglang:gen_throughput'),
      requestsPerSecond: rate(
        counted(before, after, 'sglang:num_requests_total') ?? counted(before, after, REQUESTS, generates),
      ),
    }),
  };
  return Object.fromEntries(Object.entries(load).filter(([, value]) => value !== undefined));
}

const INFLIGHT = 'dynamo_component_inflight_requests';
const REQUESTS = 'dynamo_component_requests_total';

/** Dynamo counts what its other endpoints do, too. */
const generates = ({ labels }: Sample): boolean => labels.dynamo_endpoint === 'generate';

/** What a worker's requests wait for: its scheduler, or its partner in disaggregation. */
const QUEUES = [
  'sglang:num_queue_reqs',
  'sglang:num_prefill_prealloc_queue_reqs',
  'sglang:num_decode_prealloc_queue_reqs',
  'sglang:num_decode_transfer_queue_reqs',
];

function queuedIn(page: Series): number | undefined {
  const found = QUEUES.flatMap((name) => gauge(page, name) ?? []);
  if (found.length > 0) return found.reduce((sum, each) => sum + each, 0);
  return plain(page, 'dynamo_work_handler_queue_depth');
}

function usage(page: Series): number | undefined {
  const name = ['sglang:token_usage', 'dynamo_component_kvstats_gpu_cache_usage_percent'].find((one) =>
    has(page, one),
  );
  if (name === undefined) return undefined;
  const ranks = [...byDpRank(page.of(name)).values()];
  return ranks.reduce((sum, each) => sum + each, 0) / ranks.length;
}

/** Counts of the scheduler as it goes, where the release has them; others are told only when a request has ended. */
const REALTIME = 'sglang:realtime_tokens_total';

function inputTokens(before: Series, after: Series): number | undefined {
  const prefills = ({ labels }: Sample) => labels.mode?.startsWith('prefill') === true;
  return counted(before, after, REALTIME, prefills) ?? counted(before, after, 'sglang:prompt_tokens_total');
}

function outputTokens(before: Series, after: Series): number | undefined {
  const decodes = ({ labels }: Sample) => labels.mode === 'decode';
  const first = counted(before, after, 'sglang:time_to_first_token_seconds_count');
  const further = counted(before, after, 'sglang:inter_token_latency_seconds_count');
  return (
    counted(before, after, REALTIME, decodes) ??
    (first !== undefined && further !== undefined ? first + further : undefined) ??
    counted(before, after, 'sglang:generation_tokens_total')
  );
}

/** Undefined where neither page knows the name; a series appears with the first request. */
function counted(
  before: Series,
  after: Series,
  name: string,
  choose?: (sample: Sample) => boolean,
): number | undefined {
  return after.of(name).some(choose ?? (() => true)) ? growthOf(before, after, name, choose) : undefined;
}

/** Each DP rank has requests of its own; the other ranks of one share them. */
function gauge(page: Series, name: string): number | undefined {
  if (!has(page, name)) return undefined;
  return [...byDpRank(page.of(name)).values()].reduce((sum, each) => sum + each, 0);
}

function plain(page: Series, name: string, choose?: (sample: Sample) => boolean): number | undefined {
  return has(page, name) ? sumOf(page, name, choose) : undefined;
}

/**
 * By DP rank the largest of its ranks' values. Series that differ in anything but ranks, such as in a request's
 * priority, add up before that.
 */
function byDpRank(samples: readonly Sample[]): ReadonlyMap<string, number> {
  const ranks = new Map<string, Map<string, number>>();
  for (const { labels, value } of samples) {
    const dp = labels.dp_rank ?? '';
    const rank = [labels.tp_rank, labels.pp_rank, labels.moe_ep_rank].join('/');
    const own = ranks.get(dp) ?? new Map<string, number>();
    own.set(rank, (own.get(rank) ?? 0) + (Number.isFinite(value) ? value : 0));
    ranks.set(dp, own);
  }
  return new Map([...ranks].map(([dp, values]) => [dp, Math.max(...values.values())]));
}
