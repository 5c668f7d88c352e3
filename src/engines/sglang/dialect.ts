import type { Dialect } from '../dialect.ts';
import { BATCH_WORDS, readBatch } from './batch-line.ts';
import { readStage, STAGE_WORDS } from './stage-line.ts';

/** Counts of the scheduler as it goes, where the release has them; others are told only when a request has ended. */
const REALTIME = 'sglang:realtime_tokens_total';

/** SGLang 0.4.9 to 0.5.23, in its own format or Dynamo's. */
export const sglangDialect: Dialect = {
  title: 'SGLang',
  image: /(?:^|\/)sglang:v?(\d+\.\d+[\w.-]*)/,
  words: [...BATCH_WORDS, ...STAGE_WORDS],
  read: (line) => readBatch(line) ?? readStage(line),
  metrics: {
    running: 'sglang:num_running_reqs',
    // For its scheduler, or for its partner in disaggregation.
    queued: [
      'sglang:num_queue_reqs',
      'sglang:num_prefill_prealloc_queue_reqs',
      'sglang:num_decode_prealloc_queue_reqs',
      'sglang:num_decode_transfer_queue_reqs',
    ],
    kvUsage: ['sglang:token_usage'],
    requests: 'sglang:num_requests_total',
    inputTokens: [{ names: [REALTIME], mode: 'prefill' }, { names: ['sglang:prompt_tokens_total'] }],
    outputTokens: [
      { names: [REALTIME], mode: 'decode' },
      {
        names: ['sglang:time_to_first_token_seconds_count', 'sglang:inter_token_latency_seconds_count'],
      },
      { names: ['sglang:generation_tokens_total'] },
    ],
    outputRate: 'sglang:gen_throughput',
    speculation: { length: 'sglang:spec_accept_length', rate: 'sglang:spec_accept_rate' },
    dpRank: 'dp_rank',
    otherRanks: ['tp_rank', 'pp_rank', 'moe_ep_rank'],
  },
};
