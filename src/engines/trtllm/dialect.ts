import type { BatchLine, Dialect } from '../dialect.ts';
import { readStamp } from '../line-stamp.ts';
import { type StageWords, stageReader } from '../stage-words.ts';

const BATCH = 'num_scheduled_requests';

/**
 * `print_iter_log`: what one iteration scheduled, `py_executor.py`; only rank 0 writes it. Earlier releases have a colon,
 * and no use of the cache.
 */
function readBatch(line: string): BatchLine | undefined {
  const at = line.indexOf(BATCH);
  if (at < 0 || !line.includes('iter = ')) return undefined;
  const number = (pattern: RegExp): number | undefined => {
    const value = pattern.exec(line)?.[1];
    return value === undefined ? undefined : Number(value);
  };
  const usage = number(/kv_cache_util = ([\d.]+)/);
  const running = number(/num_scheduled_requests(?: =|:) (\d+)/);
  const { time } = readStamp(/timestamp = ([^,]*)/.exec(line)?.[1] ?? '');
  return {
    kind: 'both',
    ...(time !== undefined && { time }),
    ranks: {},
    forAllRanks: true,
    newTokens: number(/'num_ctx_tokens': (\d+)/) ?? 0,
    generatedTokens: number(/'num_generation_tokens': (\d+)/) ?? 0,
    ...(running !== undefined && { running }),
    ...(usage !== undefined && { usage }),
  };
}

/** `modeling_utils.py`, `model_loader.py` and `model_engine.py` of its PyTorch backend, and its KV cache manager. */
const STAGES: readonly StageWords[] = [
  ['Loading safetensors weights in parallel', { stage: 'weights', state: 'going' }],
  ['Loading weights:', { stage: 'weights', state: 'going' }],
  ['for model weights.', { stage: 'weights', state: 'done' }],
  ['for max tokens in paged KV cache', { stage: 'kv-cache', state: 'done' }],
  ['Creating CUDA graph instances', { stage: 'cuda-graphs', state: 'going' }],
  ['CUDA graph warmup for batch size', { stage: 'cuda-graphs', state: 'going' }],
];

const readStage = stageReader(STAGES);

/** TensorRT-LLM 1.2 and 1.3. */
export const trtllmDialect: Dialect = {
  title: 'TensorRT-LLM',
  image: /(?:^|\/)tensorrt-llm\/(?:release|devel):v?(\d+\.\d+[\w.-]*)/,
  words: [BATCH, ...STAGES.map(([words]) => words)],
  read: (line) => readBatch(line) ?? readStage(line),
  // `tensorrt_llm/metrics/collector.py`: tokens are counted when a request ends; all gauges and what speculation does need
  // `enable_iter_perf_stats`.
  metrics: {
    running: 'trtllm_num_requests_running',
    queued: ['trtllm_num_requests_waiting'],
    kvUsage: ['trtllm_kv_cache_utilization'],
    requests: 'trtllm_request_success_total',
    inputTokens: [{ names: ['trtllm_prompt_tokens_total'] }],
    outputTokens: [{ names: ['trtllm_generation_tokens_total'] }],
    speculation: {
      drafted: 'trtllm_spec_decode_num_draft_tokens_total',
      accepted: 'trtllm_spec_decode_num_accepted_tokens_total',
      length: 'trtllm_spec_decode_acceptance_length',
    },
    otherRanks: [],
  },
};
