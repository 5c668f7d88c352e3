import * as z from 'zod';
import { duration } from './duration-schema.ts';

/** Observers read these of plan.json. */
const stages = z.strictObject({
  weights: duration.prefault('15m').describe('No shard of the weights is read. Default: 15m.'),
  kv_cache: duration.prefault('5m').describe('The KV cache is not allocated. Default: 5m.'),
  graphs: duration.prefault('10m').describe('No CUDA graph is captured. Default: 10m.'),
  deep_gemm: duration.prefault('30m').describe('No DeepGEMM kernel is compiled. Default: 30m.'),
  warm_up: duration.prefault('30m').describe('The warm-up does not end. Default: 30m.'),
});

export const health = z.strictObject({
  deadline: duration
    .prefault('2h')
    .describe('Longest time from the start of the job to ready; the job fails after it. Default: 2h.'),
  stall: duration
    .prefault('20m')
    .describe(
      'Longest time without progress (logs growing, workers registering) before ready; the job fails after it. Default: 20m.',
    ),
  stages: stages
    .prefault({})
    .describe(
      'Longest time without progress in one stage of a worker’s start, by its log; whoever watches is told after it that the stage is stuck, and the job goes on.',
    ),
  lost: duration
    .prefault('5m')
    .describe(
      'Longest time that etcd does not answer, or that a worker that runs is not registered in it, once the service was ready; then it counts as lost. Default: 5m.',
    ),
  drain: duration
    .prefault('2m')
    .describe(
      'How long before the time limit new requests are refused; those that are under way have all of it but half a minute. Default: 2m.',
    ),
  preflight: z
    .boolean()
    .default(true)
    .describe(
      'Ask every node before anything starts whether it is fit: GPUs, model, image, ports, local_dir, clock. Default: true.',
    ),
});
