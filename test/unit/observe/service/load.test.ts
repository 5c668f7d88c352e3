import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseExposition } from '../../../../src/observe/service/exposition.ts';
import { isLoadSeries, loadBetween, type Scrape } from '../../../../src/observe/service/load.ts';
import { RecordedScrapes } from '../../../../src/observe/service/recorded.ts';

// A frontend, a prefill and two decode workers of dynamo.mocker 1.6.1 under eight clients, a second apart.
const recorded = (moment: 1 | 2, steps = ['frontend-0', 'prefill-0', 'decode-0']): Scrape => ({
  time: moment * 1000,
  targets: new Map(
    steps.map((step) => {
      const path = join(import.meta.dirname, `../../../recorded/dynamo-1.6.1/load/${step}.${moment}.prom`);
      return [step, parseExposition(readFileSync(path, 'utf8'), isLoadSeries)];
    }),
  ),
});

const scrape = (time: number, pages: Readonly<Record<string, string>>): Scrape => ({
  time,
  targets: new Map(Object.entries(pages).map(([step, text]) => [step, parseExposition(text)])),
});

const rounded = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (_, each: unknown) =>
      each instanceof Map
        ? Object.fromEntries(each)
        : typeof each === 'number'
          ? Math.round(each * 1000) / 1000
          : each,
    ),
  );

/** The first and the last look at a service with SGLang on an H200. */
function ofEngines(run: string): readonly [Scrape, Scrape] {
  const path = join(import.meta.dirname, `../../../recorded/h200/${run}/logs/metrics.node0.prom`);
  const reader = new RecordedScrapes();
  const looks = [...reader.push(readFileSync(path, 'utf8')), ...reader.end()];
  return [looks[0] as Scrape, looks.at(-1) as Scrape];
}

const IDLE = { running: 0, queued: 0, kvUsage: 0 };

// 405 requests at concurrency 1, 16 and 64, of about 512 tokens in and 128 out; and a sample, and the first chats.
test('reads the load of a disaggregated service', () => {
  expect(rounded(loadBetween(...ofEngines('disaggregated')))).toEqual({
    time: 1795947210371,
    seconds: 25.939,
    requestsPerSecond: 19.045,
    failedPerSecond: 0,
    outputTokensPerSecond: 2295.732,
    inputTokensPerSecond: 9712.094,
    running: 0,
    queued: 0,
    ttft: { count: 493, mean: 308.049, p50: 194.113, p90: 810.226, p99: 1830.25 },
    itl: { count: 59011, mean: 5.66, p50: 4.01, p90: 10.997, p99: 29.939 },
    totals: { requests: 495, failed: 0, inputTokens: 251954, outputTokens: 59558 },
    workers: {
      'prefill-0': {
        ...{ inputTokensPerSecond: 9712.094, outputTokensPerSecond: 19.006, requestsPerSecond: 19.006 },
        ...IDLE,
      },
      'decode-0': {
        ...{ inputTokensPerSecond: 9712.711, outputTokensPerSecond: 2401.519, requestsPerSecond: 19.045 },
        ...IDLE,
      },
    },
  });
});

test('reads the load of a mixture of experts', () => {
  expect(rounded(loadBetween(...ofEngines('moe')))).toEqual({
    time: 1795947308575,
    seconds: 26.629,
    requestsPerSecond: 18.476,
    failedPerSecond: 0.038,
    outputTokensPerSecond: 2285.366,
    inputTokensPerSecond: 9459.236,
    running: 0,
    queued: 0,
    ttft: { count: 491, mean: 341.724, p50: 92.59, p90: 1454.177, p99: 2125.418 },
    itl: { count: 60359, mean: 4.564, p50: 3.255, p90: 9.222, p99: 32.147 },
    totals: { requests: 493, failed: 1, inputTokens: 251906, outputTokens: 60865 },
    workers: {
      'aggregated-0': {
        ...{ inputTokensPerSecond: 9459.236, outputTokensPerSecond: 2336.288, requestsPerSecond: 18.439 },
        ...IDLE,
      },
    },
  });
});

// Three benchmarks, and a part of the load under which it was profiled; what the workers count is what the frontend counts.
test('reads the load of two workers behind KV routing', () => {
  expect(rounded(loadBetween(...ofEngines('kv-routing')))).toEqual({
    time: 1796037160568,
    seconds: 13.747,
    requestsPerSecond: 41.027,
    failedPerSecond: 0,
    outputTokensPerSecond: 4840.402,
    inputTokensPerSecond: 21447.152,
    running: 16,
    queued: 2,
    ttft: { count: 578, mean: 189.254, p50: 62.418, p90: 1062.951, p99: 2086.295 },
    itl: { count: 65486, mean: 3.248, p50: 2.359, p90: 5.463, p99: 16.744 },
    totals: { requests: 565, failed: 0, inputTokens: 294850, outputTokens: 66549 },
    workers: {
      'aggregated-0': {
        ...{ inputTokensPerSecond: 10573.652, outputTokensPerSecond: 2539.245, requestsPerSecond: 20.15 },
        ...{ running: 8, queued: 0, kvUsage: 0.01 },
      },
      'aggregated-1': {
        ...{ inputTokensPerSecond: 10873.5, outputTokensPerSecond: 2574.671, requestsPerSecond: 20.877 },
        ...{ running: 5, queued: 0, kvUsage: 0.01 },
      },
    },
  });
});

test('what it reads is all that it keeps of a page', () => {
  const all = (moment: 1 | 2): Scrape => ({
    ...recorded(moment),
    targets: new Map(
      ['frontend-0', 'decode-0'].map((step) => [
        step,
        parseExposition(
          readFileSync(
            join(import.meta.dirname, `../../../recorded/dynamo-1.6.1/load/${step}.${moment}.prom`),
            'utf8',
          ),
        ),
      ]),
    ),
  });
  const steps = ['frontend-0', 'decode-0'];
  expect(loadBetween(all(1), all(2))).toEqual(loadBetween(recorded(1, steps), recorded(2, steps)));
});

const FRONTEND = (tokens: number, done: number, failed = 0, running = 0) =>
  [
    `dynamo_frontend_output_tokens_total{model="m"} ${tokens}`,
    `dynamo_frontend_requests_total{model="m",status="success"} ${done}`,
    `dynamo_frontend_requests_total{model="m",status="error"} ${failed}`,
    `dynamo_frontend_inflight_requests{model="m"} ${running}`,
  ].join('\n');

test('several frontends and models add up', () => {
  const load = loadBetween(
    scrape(0, { 'frontend-0': FRONTEND(100, 10), 'frontend-1': FRONTEND(50, 5) }),
    scrape(2000, { 'frontend-0': FRONTEND(300, 14, 2, 7), 'frontend-1': FRONTEND(90, 6, 0, 1) }),
  );
  expect(load).toMatchObject({
    seconds: 2,
    outputTokensPerSecond: 120,
    requestsPerSecond: 3.5,
    failedPerSecond: 1,
    running: 8,
    totals: { requests: 22, failed: 2, outputTokens: 390 },
  });
});

test('a frontend that was restarted gives no negative rate', () => {
  const load = loadBetween(
    scrape(0, { 'frontend-0': FRONTEND(10_000, 100) }),
    scrape(1000, { 'frontend-0': FRONTEND(64, 1) }),
  );
  expect(load).toMatchObject({ outputTokensPerSecond: 64, requestsPerSecond: 1 });
});

test('a frontend that was not there before adds to what is under dialer, and to no rate', () => {
  const load = loadBetween(
    scrape(0, { 'frontend-0': FRONTEND(0, 0) }),
    scrape(1000, { 'frontend-0': FRONTEND(10, 1), 'frontend-1': FRONTEND(99_999, 999, 0, 3) }),
  );
  expect(load).toMatchObject({ outputTokensPerSecond: 10, requestsPerSecond: 1, running: 3 });
});

test('a frontend that nobody has asked for anything is no worker', () => {
  const load = loadBetween(scrape(0, { 'frontend-0': '' }), scrape(1000, { 'frontend-0': FRONTEND(8, 1) }));
  expect(load).toMatchObject({ outputTokensPerSecond: 8, workers: new Map() });
  expect(loadBetween(scrape(0, { 'frontend-0': '' }), scrape(1000, { 'frontend-0': '' }))).toEqual({
    time: 1000,
    seconds: 1,
    requestsPerSecond: 0,
    failedPerSecond: 0,
    outputTokensPerSecond: 0,
    inputTokensPerSecond: 0,
    running: 0,
    queued: 0,
    totals: { requests: 0, failed: 0, inputTokens: 0, outputTokens: 0 },
    workers: new Map(),
  });
});

test('before output tokens were counted, their latencies were', () => {
  const page = (first: number, further: number) =>
    `dynamo_frontend_time_to_first_token_seconds_count{model="m"} ${first}
dynamo_frontend_inter_token_latency_seconds_count{model="m"} ${further}`;
  const load = loadBetween(
    scrape(0, { 'frontend-0': page(1, 9) }),
    scrape(1000, { 'frontend-0': page(3, 27) }),
  );
  expect(load.outputTokensPerSecond).toBe(20);
});

// Two DP ranks; all TP ranks report (--enable-metrics-for-all-schedulers).
const SGLANG = (decoded: readonly [number, number]) =>
  [0, 1]
    .flatMap((dp) =>
      [0, 1].map((tp) => {
        const ranks = `dp_rank="${dp}",tp_rank="${2 * dp + tp}",pp_rank="0"`;
        return [
          `sglang:num_running_reqs{${ranks}} ${10 + dp}`,
          `sglang:num_queue_reqs{${ranks},priority=""} ${dp}`,
          `sglang:num_decode_prealloc_queue_reqs{${ranks}} 2`,
          `sglang:token_usage{${ranks}} ${0.25 + dp / 2}`,
          `sglang:gen_throughput{${ranks}} 111`,
        ].join('\n');
      }),
    )
    .join('\n')
    .concat(
      '\n',
      decoded
        .map(
          (
            tokens,
            dp,
          ) => `sglang:realtime_tokens_total{mode="decode",dp_rank="${dp}",tp_rank="${2 * dp}"} ${tokens}
sglang:realtime_tokens_total{mode="prefill_compute",dp_rank="${dp}",tp_rank="${2 * dp}"} ${tokens * 3}
sglang:realtime_tokens_total{mode="prefill_cache",dp_rank="${dp}",tp_rank="${2 * dp}"} ${tokens}
sglang:generation_tokens_total{} 5`,
        )
        .join('\n'),
    );

test('DP ranks of a worker add up, its TP ranks do not', () => {
  const load = loadBetween(
    scrape(0, { 'decode-0': SGLANG([1000, 2000]) }),
    scrape(500, { 'decode-0': SGLANG([1100, 2300]) }),
  );
  expect(load.workers).toEqual(
    new Map([
      [
        'decode-0',
        {
          running: 21,
          queued: 5,
          kvUsage: 0.5,
          inputTokensPerSecond: 3200,
          outputTokensPerSecond: 800,
        },
      ],
    ]),
  );
});

test('without frontends the workers stand in', () => {
  const load = loadBetween(
    scrape(0, { 'decode-0': SGLANG([0, 0]), 'decode-1': SGLANG([0, 0]) }),
    scrape(1000, { 'decode-0': SGLANG([10, 20]), 'decode-1': SGLANG([5, 5]) }),
  );
  expect(load).toMatchObject({
    outputTokensPerSecond: 40,
    inputTokensPerSecond: 160,
    running: 42,
    queued: 10,
  });
});

test('a worker that was asked at another time has its own seconds', () => {
  const page = (tokens: number) => `sglang:generation_tokens_total ${tokens}`;
  const load = loadBetween(
    { ...scrape(0, { 'decode-0': page(0) }), times: new Map([['decode-0', 500]]) },
    { ...scrape(4000, { 'decode-0': page(300) }), times: new Map([['decode-0', 2500]]) },
  );
  expect(load.workers.get('decode-0')).toEqual({ outputTokensPerSecond: 150 });
});

test('a worker without a page before has no rates', () => {
  const load = loadBetween(scrape(0, {}), scrape(1000, { 'decode-0': SGLANG([10, 20]) }));
  expect(load.workers.get('decode-0')).toEqual({ running: 21, queued: 5, kvUsage: 0.5 });
});

test('latencies beyond the last bound count as that bound', () => {
  const page = (count: number) =>
    `dynamo_frontend_time_to_first_token_seconds_bucket{le="1"} 0
dynamo_frontend_time_to_first_token_seconds_bucket{le="480"} 0
dynamo_frontend_time_to_first_token_seconds_bucket{le="+Inf"} ${count}
dynamo_frontend_time_to_first_token_seconds_sum ${count * 500}
dynamo_frontend_time_to_first_token_seconds_count ${count}`;
  const { ttft } = loadBetween(scrape(0, { 'frontend-0': page(0) }), scrape(1, { 'frontend-0': page(2) }));
  expect(ttft).toEqual({ count: 2, mean: 500_000, p50: 480_000, p90: 480_000, p99: 480_000 });
});

test('what vLLM says of each of its data parallel ranks adds up', () => {
  const page = (tokens: number, rank: number) => `
vllm:num_requests_running{engine="${rank}",model_name="m"} 3
vllm:num_requests_waiting{engine="${rank}",model_name="m"} 1
vllm:kv_cache_usage_perc{engine="${rank}",model_name="m"} ${0.2 + rank / 10}
vllm:prompt_tokens_total{engine="${rank}",model_name="m"} ${tokens * 10}
vllm:generation_tokens_total{engine="${rank}",model_name="m"} ${tokens}
vllm:request_success_total{engine="${rank}",finished_reason="stop",model_name="m"} ${tokens / 100}
`;
  const scrape = (time: number, tokens: number): Scrape => ({
    time,
    targets: new Map([['decode-0', parseExposition(page(tokens, 0) + page(tokens, 1))]]),
  });
  expect(loadBetween(scrape(0, 1000), scrape(10_000, 2000)).workers.get('decode-0')).toEqual({
    running: 6,
    queued: 2,
    kvUsage: 0.25,
    inputTokensPerSecond: 2000,
    outputTokensPerSecond: 200,
    requestsPerSecond: 2,
  });
});

test('what TensorRT-LLM counts, of its own server or under Dynamo', () => {
  const page = (tokens: number) => `
trtllm_num_requests_running{engine_type="undefined",model_name="m"} 3.0
trtllm_num_requests_waiting{engine_type="undefined",model_name="m"} 1.0
trtllm_kv_cache_utilization{engine_type="undefined",model_name="m"} 0.25
trtllm_prompt_tokens_total{engine_type="undefined",model_name="m"} ${tokens * 10}
trtllm_generation_tokens_total{engine_type="undefined",model_name="m"} ${tokens}
trtllm_request_success_total{engine_type="undefined",finished_reason="length",model_name="m"} ${tokens / 100}
`;
  const scrape = (time: number, tokens: number): Scrape => ({
    time,
    targets: new Map([['decode-0', parseExposition(page(tokens))]]),
  });
  expect(loadBetween(scrape(0, 1000), scrape(10_000, 2000)).workers.get('decode-0')).toEqual({
    running: 3,
    queued: 1,
    kvUsage: 0.25,
    inputTokensPerSecond: 1000,
    outputTokensPerSecond: 100,
    requestsPerSecond: 1,
  });
});
