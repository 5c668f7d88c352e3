/**
 * The stages of a worker's start, in the order in which engines go through them, as their logs tell. The plan, the observer,
 * the views and the report take their words and limits from here.
 */
export const START_STAGES = {
  setup: {
    key: 'setup',
    title: 'setup',
    doing: 'running its setup',
    limit: 10,
    stuckWithout: 'the setup finishing',
    advice: 'its log shows what the setup does; the job kills it at `setup.deadline`',
  },
  weights: {
    key: 'weights',
    title: 'weights',
    doing: 'loading weights',
    counts: 'shards',
    limit: 15,
    stuckWithout: 'a new weight shard being loaded',
    advice: 'check the file system of the model, and the other nodes of the worker',
  },
  'kv-cache': {
    key: 'kv_cache',
    title: 'KV cache',
    doing: 'allocating the KV cache',
    limit: 5,
    stuckWithout: 'the KV cache being allocated',
    advice: 'a rank may have ended: check the other nodes of the worker',
  },
  'cuda-graphs': {
    key: 'graphs',
    title: 'CUDA graphs',
    doing: 'capturing CUDA graphs',
    counts: 'batch sizes',
    limit: 10,
    stuckWithout: 'a new CUDA graph being captured',
    advice:
      'capturing ranks wait for each other: look for a missing rank, or capture graphs up to a smaller batch size',
  },
  'deep-gemm': {
    key: 'deep_gemm',
    title: 'DeepGEMM kernels',
    doing: 'compiling DeepGEMM kernels',
    counts: 'kernels',
    limit: 30,
    stuckWithout: 'a new DeepGEMM kernel being compiled',
    advice: 'compile the kernels in advance, with the same args, into a cache folder that all nodes share',
  },
  'warm-up': {
    key: 'warm_up',
    title: 'warm-up',
    doing: 'warming up',
    limit: 30,
    stuckWithout: 'the warm-up finishing',
    advice: 'the first requests hang: check the KV transfer between prefill and decode',
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
  /** The progress that a stuck stage lacks, as the end of a sentence. */
  readonly stuckWithout: string;
  /** What to do when it is stuck. */
  readonly advice: string;
}

export type StartStage = keyof typeof START_STAGES;

/** Whether engines compile kernels in a stage, and so are faster where an earlier start has left them. */
export function compiles(stage: StartStage): boolean {
  return stage !== 'setup' && stage !== 'weights';
}
