import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseObject } from '../../../src/bench/tool/measured.ts';
import { readTool } from '../../../src/bench/tool/read-tool.ts';

const recorded = (file: string) =>
  readFileSync(join(import.meta.dirname, '../../recorded/bench', file), 'utf8');

test('aiperf 0.13.0', () => {
  const measured = readTool('aiperf', recorded('aiperf-0.13.0/profile_export_aiperf.json'));
  expect(measured).toEqual({
    toolVersion: '0.13.0',
    concurrency: 8,
    prompts: 40,
    completed: 40,
    failed: 0,
    seconds: 0.7751810560000001,
    inputTokens: 5120,
    outputTokens: 1280,
    requestsPerSecond: 51.0736927475747,
    outputTokensPerSecond: 1634.3581679223903,
    totalTokensPerSecond: 8171.790839611952,
    ttft: {
      mean: 113.54080022499998,
      p50: 104.583337,
      p90: 143.79612269999998,
      p95: 145.06322375,
      p99: 150.02682924,
      min: 88.00535699999999,
      max: 150.478677,
    },
    tpot: {
      mean: 0.6706861798387097,
      p50: 0.5924758870967741,
      p90: 0.9069155387096773,
      p95: 1.0742159919354837,
      p99: 1.1049273651612903,
      min: 0.2619809032258064,
      max: 1.1112014838709676,
    },
    itl: {
      mean: 0.6706861798387096,
      p50: 0.5012915,
      p90: 1.2779102000000002,
      p95: 2.3268122499999997,
      p99: 6.730587919999983,
      min: 0.0,
      max: 22.383164999999998,
    },
    e2e: {
      mean: 134.3320718,
      p50: 126.10350249999999,
      p90: 166.71846219999998,
      p95: 167.63985359999998,
      p99: 170.48920442,
      min: 109.420206,
      max: 172.24510999999998,
    },
  });
  expect(readTool('custom', recorded('aiperf-0.13.0/profile_export_aiperf.json'))).toEqual(measured);
});

test('aiperf 0.13.0 at a rate, where a quarter of the requests failed', () => {
  const measured = readTool('aiperf', recorded('aiperf-0.13.0/errors.json'));
  expect(measured).toEqual({
    toolVersion: '0.13.0',
    concurrency: 4,
    prompts: 40,
    requestRate: 50.0,
    completed: 30,
    failed: 10,
    seconds: 1.53532288,
    inputTokens: 3840,
    outputTokens: 960,
    requestsPerSecond: 18.473570417318946,
    outputTokensPerSecond: 591.1542533542063,
    totalTokensPerSecond: 2955.7712667710316,
    ttft: {
      mean: 117.94680636666665,
      p50: 109.58077499999999,
      p90: 154.9485258,
      p95: 161.24433795,
      p99: 169.24562495,
      min: 93.696508,
      max: 171.41301099999998,
    },
    tpot: {
      mean: 0.6638767258064516,
      p50: 0.5770134193548387,
      p90: 1.2032277096774193,
      p95: 1.3701818580645153,
      p99: 1.5709532341935486,
      min: 0.01019358064516129,
      max: 1.6105261290322581,
    },
    itl: {
      mean: 0.6638767258064516,
      p50: 0.0,
      p90: 0.8527431000000004,
      p95: 2.265670499999995,
      p99: 12.274212080000009,
      min: 0.0,
      max: 49.92631,
    },
    e2e: {
      mean: 138.52698486666668,
      p50: 131.3394955,
      p90: 176.8329088,
      p95: 182.53239039999997,
      p99: 202.66171941000002,
      min: 111.774576,
      max: 209.63537,
    },
    error: '{"message":"engine gone","code":500}',
  });
  expect(readTool('custom', recorded('aiperf-0.13.0/errors.json'))).toEqual(measured);
});

test('aiperf 0.13.0 that was told to end', () => {
  const measured = readTool('aiperf', recorded('aiperf-0.13.0/cancelled.json'));
  expect(measured).toEqual({
    toolVersion: '0.13.0',
    concurrency: 8,
    prompts: 4000,
    completed: 197,
    failed: 0,
    seconds: 5.002352640000001,
    inputTokens: 25216,
    outputTokens: 12608,
    requestsPerSecond: 39.381469915723486,
    outputTokensPerSecond: 2520.414074606303,
    totalTokensPerSecond: 7561.24222381891,
    ttft: {
      mean: 123.84072616751268,
      p50: 115.92344,
      p90: 162.39471,
      p95: 186.52589479999997,
      p99: 201.41895503999993,
      min: 89.603676,
      max: 230.82261599999998,
    },
    tpot: {
      mean: 0.7286353701555072,
      p50: 0.6905738888888888,
      p90: 1.2914798571428572,
      p95: 1.424946476190476,
      p99: 1.6866511911111108,
      min: 0.0,
      max: 1.749171888888889,
    },
    itl: {
      mean: 0.7286353701555072,
      p50: 0.0,
      p90: 0.6680039999999999,
      p95: 3.177224,
      p99: 18.50767139999999,
      min: 0.0,
      max: 81.276181,
    },
    e2e: {
      mean: 169.74475448730962,
      p50: 163.052998,
      p90: 204.213495,
      p95: 211.1240354,
      p99: 231.01034459999997,
      min: 131.499594,
      max: 237.95628399999998,
    },
    cut: true,
  });
  expect(readTool('custom', recorded('aiperf-0.13.0/cancelled.json'))).toEqual(measured);
});

test('sglang.bench_serving 0.5.9', () => {
  const measured = readTool('sglang', recorded('sglang-0.5.9/result.jsonl'));
  expect(measured).toEqual({
    concurrency: 8,
    requestRate: 'inf',
    completed: 40,
    seconds: 0.6682577739993576,
    inputTokens: 5120,
    outputTokens: 1280,
    requestsPerSecond: 59.85714129535656,
    outputTokensPerSecond: 1915.42852145141,
    totalTokensPerSecond: 9577.14260725705,
    ttft: {
      mean: 106.4962858749368,
      p50: 103.09573750055279,
      p99: 138.28379802976994,
    },
    tpot: {
      mean: 0.7173044814510743,
      p50: 0.7171572580714823,
      p99: 1.1940336803162346,
    },
    itl: {
      mean: 0.7141836024211736,
      p50: 0.01280899959965609,
      p95: 3.557115950479782,
      p99: 9.16671449074774,
    },
    e2e: {
      mean: 128.7327247999201,
      p50: 127.7704125004675,
      p90: 136.12282000030973,
      p99: 153.74718649980423,
    },
  });
  expect(readTool('custom', recorded('sglang-0.5.9/result.jsonl'))).toEqual(measured);
});

test('sglang.bench_serving 0.5.9 at a rate, where a quarter of the requests failed', () => {
  const measured = readTool('sglang', recorded('sglang-0.5.9/errors.jsonl'));
  expect(measured).toEqual({
    concurrency: 4,
    requestRate: 50.0,
    completed: 30,
    seconds: 1.162958395001624,
    inputTokens: 3840,
    outputTokens: 960,
    requestsPerSecond: 25.7962796682491,
    outputTokensPerSecond: 825.4809493839712,
    totalTokensPerSecond: 4127.404746919856,
    ttft: {
      mean: 117.13556003311774,
      p50: 103.15929199987295,
      p99: 236.90932869945755,
    },
    tpot: {
      mean: 0.7421104268790366,
      p50: 0.6060956773933046,
      p99: 2.280786876463319,
    },
    itl: {
      mean: 0.7350074365584528,
      p50: 0.3833304999716347,
      p95: 2.6710744005868037,
      p99: 7.704793829543643,
    },
    e2e: {
      mean: 140.1409832663679,
      p50: 126.16457249987434,
      p90: 183.60928540023457,
      p99: 256.1893000593591,
    },
  });
  expect(readTool('custom', recorded('sglang-0.5.9/errors.jsonl'))).toEqual(measured);
});

test('benchmark_serving.py of vLLM 0.8.5', () => {
  const measured = readTool('vllm', recorded('vllm-0.8.5/result.json'));
  expect(measured).toEqual({
    concurrency: 8,
    prompts: 40,
    requestRate: 'inf',
    completed: 40,
    seconds: 0.7987652609990619,
    inputTokens: 4967,
    outputTokens: 1249,
    requestsPerSecond: 50.077290479520464,
    outputTokensPerSecond: 1563.6633952230266,
    totalTokensPerSecond: 7782.01094051748,
    ttft: {
      mean: 119.7549069499928,
      p50: 113.04670350000379,
      p90: 156.83925179910148,
      p95: 157.68366234860878,
      p99: 158.30504009032666,
    },
    tpot: {
      mean: 0.5729181165067392,
      p50: 0.6124283382544159,
      p90: 0.9606062599046213,
      p95: 0.9984735358705794,
      p99: 1.212208415565025,
    },
    itl: {
      mean: 0.5552214051239744,
      p50: 0.01235799936694093,
      p90: 1.3113717992382592,
      p95: 2.4790941999526677,
      p99: 7.804087840631832,
    },
    e2e: {
      mean: 137.09148377511156,
      p50: 129.04648749918124,
      p90: 162.72305170095936,
      p95: 180.47415220044056,
      p99: 189.16310024989798,
    },
  });
  expect(readTool('custom', recorded('vllm-0.8.5/result.json'))).toEqual(measured);
});

test('benchmark_serving.py of vLLM 0.8.5, where a quarter of the requests failed', () => {
  const measured = readTool('vllm', recorded('vllm-0.8.5/errors.json'));
  expect(measured).toEqual({
    concurrency: 4,
    prompts: 40,
    requestRate: 'inf',
    completed: 30,
    seconds: 0.998243033000108,
    inputTokens: 3840,
    outputTokens: 960,
    requestsPerSecond: 30.052801780983483,
    outputTokensPerSecond: 961.6896569914715,
    totalTokensPerSecond: 4808.448284957358,
    ttft: {
      mean: 102.47111106679465,
      p50: 100.36071649938094,
      p99: 124.07972420045554,
    },
    tpot: {
      mean: 0.746462141927701,
      p50: 0.6542705806139331,
      p99: 1.617772630328428,
    },
    itl: {
      mean: 0.7231409677027992,
      p50: 0.016739999409765005,
      p99: 7.0480765905085665,
    },
  });
  expect(readTool('custom', recorded('vllm-0.8.5/errors.json'))).toEqual(measured);
});

test.each([
  ['aiperf', ''],
  ['aiperf', '{"aiperf_version":"0.13.0"'],
  ['sglang', '{"completed": 3}\n'],
  ['vllm', '[]'],
  ['builtin', '{"schema":"other"}'],
  ['custom', 'requests: 3\n'],
] as const)('of %s, %j is no result', (tool, text) => {
  expect(readTool(tool, text)).toBeUndefined();
});

test('the last line of several runs of sglang.bench_serving counts', () => {
  const line = recorded('sglang-0.5.9/result.jsonl');
  expect(readTool('sglang', `${line.replace('"completed": 40', '"completed": 7')}${line}`)?.completed).toBe(
    40,
  );
});

test('what Python writes for infinity and no number is null, and text stays', () => {
  expect(parseObject('{"a": Infinity, "b": [NaN, -Infinity], "c": "a: Infinity, b"}')).toEqual({
    a: null,
    b: [null, null],
    c: 'a: Infinity, b',
  });
});

test('goodput is what the tools count themselves, and acceptance what they read from the engine', () => {
  const aiperf = {
    ...JSON.parse(recorded('aiperf-0.13.0/profile_export_aiperf.json')),
    goodput: { unit: 'requests/sec', avg: 12.5 },
  };
  expect(readTool('aiperf', JSON.stringify(aiperf))?.goodput).toBe(12.5);
  const vllm = JSON.parse(recorded('vllm-0.8.5/result.json'));
  expect(readTool('vllm', JSON.stringify({ ...vllm, 'request_goodput:': 3.5 }))?.goodput).toBe(3.5);
  const speculating = {
    request_goodput: 4,
    spec_decode_acceptance_rate: 65,
    spec_decode_acceptance_length: 2.3,
  };
  expect(readTool('vllm', JSON.stringify({ ...vllm, ...speculating }))).toMatchObject({
    goodput: 4,
    acceptLength: 2.3,
    acceptRate: 0.65,
  });
  const sglang = parseObject(recorded('sglang-0.5.9/result.jsonl'));
  expect(readTool('sglang', JSON.stringify({ ...sglang, accept_length: 2.8 }))?.acceptLength).toBe(2.8);
});

test('sglang.bench_serving knows no goodput: it is counted from the times of its requests', () => {
  const details = {
    ...parseObject(recorded('sglang-0.5.9/result.jsonl')),
    duration: 2,
    // Good; slow to begin; slow between tokens; slow as a whole; failed; of one token.
    ttfts: [0.1, 1.1, 0.1, 0.1, 0, 0.1],
    itls: [[0.01, 0.03], [0.01, 0.01], [0.03, 0.03], Array(60).fill(0.02), [], []],
    output_lens: [3, 3, 3, 61, 0, 1],
    errors: ['', '', '', '', 'refused', ''],
  };
  const read = (slo: object | undefined) => readTool('sglang', JSON.stringify(details), slo)?.goodput;
  expect(read({ ttft: 1000, itl: 20.01, e2e: 1200 })).toBe(1);
  expect(read({ ttft: 1000 })).toBe(2);
  expect(read(undefined)).toBeUndefined();
  expect(readTool('sglang', recorded('sglang-0.5.9/result.jsonl'), { ttft: 1 })?.goodput).toBeUndefined();
});
