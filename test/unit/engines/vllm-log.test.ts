import { expect, test } from 'vitest';
import { engineInImage, readEngineLine } from '../../../src/engines/dialects.ts';
import { ThroughputWindow } from '../../../src/observe/throughput.ts';

const STATS =
  'Avg prompt throughput: 1024.5 tokens/s, Avg generation throughput: 88.1 tokens/s, Running: 3 reqs, Waiting: 2 reqs, GPU KV cache usage: 12.5%, Prefix cache hit rate: 40.0%';

test('a line of statistics, in the formats of Dynamo and of vLLM', () => {
  const said = {
    kind: 'both',
    seconds: 10,
    inputTokensPerSecond: 1024.5,
    tokensPerSecond: 88.1,
    running: 3,
    queued: 2,
    usage: 0.125,
  };
  expect(readEngineLine(`2026-08-19T14:11:49.500000Z  INFO loggers.log: Engine 003: ${STATS}`)).toEqual({
    ...said,
    time: Date.UTC(2026, 7, 19, 14, 11, 49, 500),
    zoned: true,
    ranks: { dp: 3 },
  });
  expect(
    readEngineLine(
      `(APIServer pid=1) INFO 08-19 14:11:49 [loggers.py:259] Engine 000: ${STATS}, External prefix cache hit rate: 1.0%`,
    ),
  ).toEqual({ ...said, ranks: { dp: 0 } });
});

test('what it says of speculative decoding is no rate', () => {
  const line = readEngineLine(
    '2026-08-19T14:11:50.000000Z  INFO metrics.log: SpecDecoding metrics: Mean acceptance length: 2.01, Accepted throughput: 20.60 tokens/s, Drafted throughput: 60.90 tokens/s, Accepted: 206 tokens, Drafted: 609 tokens, Per-position acceptance rate: 0.601, 0.286, 0.128, Avg Draft acceptance rate: 33.8%',
  );
  expect(line).toEqual({
    kind: 'both',
    zoned: true,
    time: Date.UTC(2026, 7, 19, 14, 11, 50),
    ranks: {},
    acceptLength: 2.01,
    acceptRate: expect.closeTo(0.338),
  });
  const rates = new ThroughputWindow();
  for (const each of [readEngineLine(`INFO 08-19 14:11:49 [loggers.py:259] Engine 000: ${STATS}`), line])
    if (each?.kind === 'both') rates.add(each, 5000);
  expect(rates.at(6000)).toMatchObject({ outputTokensPerSecond: 88.1, running: 3 });
});

test('its rates add up over data parallel ranks', () => {
  const rates = new ThroughputWindow();
  for (const rank of ['000', '001']) {
    const line = readEngineLine(`INFO 08-19 14:11:49 [loggers.py:259] Engine ${rank}: ${STATS}`);
    if (line?.kind !== 'both') throw new Error('no batch');
    rates.add(line, 5000);
  }
  expect(rates.at(6000)).toEqual({
    inputTokensPerSecond: 2049,
    outputTokensPerSecond: 176.2,
    running: 6,
    queued: 4,
    kvUsage: 0.125,
  });
});

test.each([
  [
    '(EngineCore_DP0 pid=9) INFO 08-19 14:11:49 [gpu_model_runner.py:3000] Starting to load model /models/m...',
    { stage: 'weights', state: 'going' },
  ],
  [
    'Loading safetensors checkpoint shards:  12% Completed | 5/41 [00:03<00:20,  1.7it/s]',
    { stage: 'weights', state: 'going', done: 5, total: 41 },
  ],
  [
    '(Worker_TP1_EP1 pid=77) INFO 08-19 14:12:49 [default_loader.py:314] Loading weights took 51.20 seconds',
    { stage: 'weights', state: 'done' },
  ],
  [
    'INFO 08-19 14:13:00 [kv_cache_utils.py:1229] GPU KV cache size: 1,234,567 tokens',
    { stage: 'kv-cache', state: 'done' },
  ],
  [
    'Capturing CUDA graphs (decode, FULL):  25%|██▌       | 17/67 [00:04<00:12,  4.1it/s]',
    { stage: 'cuda-graphs', state: 'going', done: 17, total: 67 },
  ],
  [
    'INFO 08-19 14:14:00 [gpu_model_runner.py:4244] Graph capturing finished in 20 secs, took 1.20 GiB',
    { stage: 'cuda-graphs', state: 'done' },
  ],
  [
    'INFO 08-19 14:14:01 [core.py:250] init engine (profile, create kv cache, warmup model) took 70.12 seconds',
    { stage: 'warm-up', state: 'done' },
  ],
])('%s', (line, said) => {
  expect(readEngineLine(line)).toEqual({ kind: 'stage', ranks: {}, ...said });
});

test.each([
  ['lmsysorg/sglang:v0.5.10.post1-cu129', 'SGLang 0.5.10.post1-cu129'],
  ['vllm/vllm-openai:v0.31.0', 'vLLM 0.31.0'],
  ['nvcr.io#nvidia/tensorrt-llm/release:1.3.0rc29', 'TensorRT-LLM 1.3.0rc29'],
  // Their tags are Dynamo's releases.
  ['nvcr.io#nvidia/ai-dynamo/sglang-runtime:1.6.1', undefined],
  ['nvcr.io#nvidia/ai-dynamo/vllm-runtime:1.6.1', undefined],
  ['/lustre/images/dynamo.sqsh', undefined],
])('the engine in %s is %s', (image, engine) => {
  expect(engineInImage(image)).toBe(engine);
});
