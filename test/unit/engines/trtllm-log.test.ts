import { expect, test } from 'vitest';
import { readEngineLine } from '../../../src/engines/dialects.ts';

const BEFORE = '[08/19/2026-14:11:49] [TRT-LLM] [I] [_torch][RANK 0] iter = 2, global_rank = 0, rank = 0, ';
const AFTER =
  "prev_device_step_time = 243.13ms, timestamp = 2026-08-19 14:11:49, states = {'num_ctx_requests': 1, 'num_ctx_tokens': 40, 'num_generation_tokens': 8, 'cached_kv_tokens': 0}";
const TIME = Date.UTC(2026, 7, 19, 14, 11, 49);

test('an iteration: its tokens, as rank 0 tells for all', () => {
  const line = `${BEFORE}num_scheduled_requests = 3, kv_cache_util = 0.112, currank_total_requests = 0/1, host_step_time = 4.00ms, ${AFTER}`;
  expect(readEngineLine(line)).toEqual({
    kind: 'both',
    time: TIME,
    ranks: {},
    forAllRanks: true,
    newTokens: 40,
    generatedTokens: 8,
    running: 3,
    usage: 0.112,
  });
});

test('one of an earlier release', () => {
  const line =
    "iter = 1, global_rank = 0, rank = 0, currank_total_requests = 1/1, host_step_time = N/A, timestamp = 2026-08-19 14:11:49, num_scheduled_requests: 1, states = {'num_ctx_tokens': 4, 'num_generation_tokens': 0}";
  expect(readEngineLine(line)).toEqual({
    kind: 'both',
    time: TIME,
    ranks: {},
    forAllRanks: true,
    newTokens: 4,
    generatedTokens: 0,
    running: 1,
  });
});

test.each([
  [
    'Loading safetensors weights in parallel:  45%|████▌     | 15/33 [00:01<00:02,  8.1it/s]',
    { stage: 'weights', state: 'going', done: 15, total: 33 },
  ],
  [
    '[TRT-LLM] [I] [MemUsageChange] Allocated 60.54 GiB for max tokens in paged KV cache (1760384).',
    { stage: 'kv-cache', state: 'done' },
  ],
  [
    '[TRT-LLM] [RANK 0] [I] Creating CUDA graph instances for 34 batch sizes.',
    { stage: 'cuda-graphs', state: 'going' },
  ],
])('%s', (line, said) => {
  expect(readEngineLine(line)).toEqual({ kind: 'stage', ranks: {}, ...said });
});
