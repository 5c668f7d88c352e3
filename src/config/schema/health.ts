import * as z from 'zod';
import { START_STAGES, type StartStage } from '../../start-stages.ts';
import { duration } from './duration-schema.ts';

/** Observers read these of plan.json. */
const stages = z.strictObject({
  weights: stageLimit('weights'),
  kv_cache: stageLimit('kv-cache'),
  graphs: stageLimit('cuda-graphs'),
  deep_gemm: stageLimit('deep-gemm'),
  warm_up: stageLimit('warm-up'),
});

function stageLimit(stage: StartStage) {
  const { limit, stuck } = START_STAGES[stage];
  return duration.prefault(`${limit}m`).describe(`${stuck} Default: ${limit}m.`);
}

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
