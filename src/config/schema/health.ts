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
  const { limit, stuckWithout } = START_STAGES[stage];
  return duration
    .prefault(`${limit}m`)
    .describe(
      `Maximum time without ${stuckWithout} before the stage is reported as stuck. Default: ${limit}m.`,
    );
}

export const health = z.strictObject({
  deadline: duration
    .prefault('2h')
    .describe(
      'Maximum time from the start of the job until the service is ready; after it, the job fails. Default: 2h.',
    ),
  stall: duration
    .prefault('20m')
    .describe(
      'Maximum time without progress (growing logs, new registrations) before the service is ready; after it, the job fails. Default: 20m.',
    ),
  stages: stages
    .prefault({})
    .describe(
      "Maximum time without progress in each stage of a worker's start, according to its log. After it, `watch` reports the stage as stuck; the job continues.",
    ),
  lost: duration
    .prefault('5m')
    .describe(
      'Maximum time, once the service is ready, that etcd may be unreachable or a running worker may be missing from it. After it, they count as lost. Default: 5m.',
    ),
  drain: duration
    .prefault('2m')
    .describe(
      "Time before the job's time limit at which new requests are refused. Requests in progress may continue until 30 seconds before the limit. Default: 2m.",
    ),
  preflight: z
    .boolean()
    .default(true)
    .describe(
      'Check GPUs, model, image, ports, local_dir and clock of every node before anything starts. Default: true.',
    ),
});
