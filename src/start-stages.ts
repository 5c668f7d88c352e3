/**
 * The stages of a worker's start, in the order in which SGLang goes through them, as its log tells. The plan, the observer,
 * the views and the report take their words and limits from here.
 */
export const START_STAGES = {
  weights: {
    key: 'weights',
    title: 'weights',
    doing: 'loading weights',
    counts: 'shards',
    limit: 15,
    stuck: 'No shard of the weights is read.',
    advice: 'look at the file system that the model is on, and at the other nodes of the worker',
  },
  'kv-cache': {
    key: 'kv_cache',
    title: 'KV cache',
    doing: 'allocating the KV cache',
    limit: 5,
    stuck: 'The KV cache is not allocated.',
    advice: 'a rank may have ended: look at the other nodes of the worker',
  },
  'cuda-graphs': {
    key: 'graphs',
    title: 'CUDA graphs',
    doing: 'capturing CUDA graphs',
    counts: 'batch sizes',
    limit: 10,
    stuck: 'No CUDA graph is captured.',
    advice:
      'ranks that capture wait for each other: look for one that is missing, or lower cuda-graph-max-bs; see sgl-project/sglang#26137',
  },
  'deep-gemm': {
    key: 'deep_gemm',
    title: 'DeepGEMM kernels',
    doing: 'compiling DeepGEMM kernels',
    counts: 'kernels',
    limit: 30,
    stuck: 'No DeepGEMM kernel is compiled.',
    advice: 'compile the kernels before, with the same args, into a shared SGLANG_DG_CACHE_DIR',
  },
  'warm-up': {
    key: 'warm_up',
    title: 'warm-up',
    doing: 'warming up',
    limit: 30,
    stuck: 'The warm-up does not end.',
    advice: 'the first requests hang: look at the transfer between prefill and decode',
  },
} as const satisfies Readonly<Record<string, StageFacts>>;

export interface StageFacts {
  /** In the config, below `health.stages`. */
  readonly key: string;
  readonly title: string;
  readonly doing: string;
  /** What the log counts of it, where it does. */
  readonly counts?: string;
  /** Minutes without progress after which it is stuck, where the config does not say. */
  readonly limit: number;
  /** What has not happened when it is stuck. */
  readonly stuck: string;
  /** What to do when it is stuck. */
  readonly advice: string;
}

export type StartStage = keyof typeof START_STAGES;
