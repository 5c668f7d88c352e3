import type { BatchLine, Dialect, StageLine } from '../dialect.ts';
import { readStamp } from '../line-stamp.ts';
import { type StageWords, stageReader } from '../stage-words.ts';

const BATCH = 'Avg prompt throughput: ';

/** By name, whatever else a release writes: `vllm/v1/metrics/loggers.py`. */
const FIELDS = {
  inputTokensPerSecond: /Avg prompt throughput: ([\d.]+)/,
  tokensPerSecond: /Avg generation throughput: ([\d.]+)/,
  running: /Running: (\d+)/,
  queued: /Waiting: (\d+)/,
  usage: /KV cache usage: ([\d.]+)%/,
} as const;

/** `VLLM_LOG_STATS_INTERVAL`, unless it is set: an engine without work writes nothing, and its rates begin anew. */
const INTERVAL = 10;

/** `Engine 000: Avg prompt throughput: 12.3 tokens/s, …`: one line for each data parallel rank, while it has work. */
function readBatch(line: string): BatchLine | undefined {
  const at = line.indexOf(BATCH);
  if (at < 0) return undefined;
  const words = line.slice(at);
  const found = Object.entries(FIELDS).flatMap(([field, pattern]) => {
    const value = pattern.exec(words)?.[1];
    return value === undefined ? [] : [[field, field === 'usage' ? Number(value) / 100 : Number(value)]];
  });
  const before = line.slice(0, at);
  const rank = /Engine (\d+): $/.exec(before)?.[1];
  const { ranks, ...stamp } = readStamp(before);
  return {
    kind: 'both',
    seconds: INTERVAL,
    ...stamp,
    ranks: rank === undefined ? ranks : { ...ranks, dp: Number(rank) },
    ...Object.fromEntries(found),
  };
}

const SPECULATION = 'SpecDecoding metrics: ';

/** `SpecDecoding metrics: Mean acceptance length: 2.01, …, Avg Draft acceptance rate: 33.8%`: `v1/spec_decode/metrics.py`. */
function readSpeculation(line: string): BatchLine | undefined {
  const at = line.indexOf(SPECULATION);
  if (at < 0) return undefined;
  const words = line.slice(at);
  const length = Number(/Mean acceptance length: ([\d.]+)/.exec(words)?.[1] ?? Number.NaN);
  const percent = Number(/Avg Draft acceptance rate: ([\d.]+)%/.exec(words)?.[1] ?? Number.NaN);
  return {
    kind: 'both',
    ...readStamp(line.slice(0, at)),
    ...(Number.isFinite(length) && { acceptLength: length }),
    ...(Number.isFinite(percent) && { acceptRate: percent / 100 }),
  };
}

/** `gpu_model_runner.py`, `gpu_worker.py`, `kv_cache_utils.py`, `default_loader.py` and `engine/core.py` of vllm/v1. */
const STAGES: readonly StageWords[] = [
  ['Starting to load model', { stage: 'weights', state: 'going' }],
  ['Loading weights took', { stage: 'weights', state: 'done' }],
  ['Model loading took', { stage: 'weights', state: 'done' }],
  ['Available KV cache memory', { stage: 'kv-cache', state: 'going' }],
  ['GPU KV cache size', { stage: 'kv-cache', state: 'done' }],
  ['Capturing CUDA graph', { stage: 'cuda-graphs', state: 'going' }],
  ['Graph capturing finished', { stage: 'cuda-graphs', state: 'done' }],
  ['init engine (profile, create kv cache', { stage: 'warm-up', state: 'done' }],
];

const readStage: (line: string) => StageLine | undefined = stageReader(STAGES);

/** vLLM 0.11 to 0.31. */
export const vllmDialect: Dialect = {
  title: 'vLLM',
  image: /(?:^|\/)vllm(?:-openai|-openai-rocm)?:v?(\d+\.\d+[\w.-]*)/,
  words: [BATCH, SPECULATION, ...STAGES.map(([words]) => words)],
  read: (line) => readBatch(line) ?? readSpeculation(line) ?? readStage(line),
  metrics: {
    running: 'vllm:num_requests_running',
    queued: ['vllm:num_requests_waiting'],
    kvUsage: ['vllm:kv_cache_usage_perc', 'vllm:gpu_cache_usage_perc'],
    requests: 'vllm:request_success_total',
    inputTokens: [{ names: ['vllm:prompt_tokens_total'] }],
    outputTokens: [{ names: ['vllm:generation_tokens_total'] }],
    speculation: {
      drafted: 'vllm:spec_decode_num_draft_tokens_total',
      accepted: 'vllm:spec_decode_num_accepted_tokens_total',
      steps: 'vllm:spec_decode_num_drafts_total',
    },
    dpRank: 'engine',
    otherRanks: [],
  },
};
