import * as z from 'zod';
import { duration } from './duration-schema.ts';

const GPU_LOGGERS = ['none', 'nvidia-smi', 'dcgmi'] as const;

/** What a job writes down beside its events and logs. */
export const observe = z.strictObject({
  gpu_log: z
    .enum(GPU_LOGGERS)
    .default('none')
    .describe(
      "Program that records utilization, memory, power and clocks of every node's GPUs in `logs/gpu.NODE.csv`. A node without the program causes a warning. Default: none.",
    ),
  interval: duration
    .prefault('5s')
    .meta({ examples: ['10s'] })
    .describe('Time between two samples of `gpu_log`, in whole seconds. Default: 5s.'),
  metrics: z
    .union([z.literal('none'), duration], { error: 'write a duration as 5s or 1m, or none' })
    .prefault('5s')
    .meta({ title: 'duration, or none', examples: ['5s', 'none'] })
    .describe(
      "Time between two samples of the frontends' and workers' metrics, in whole seconds, recorded in `logs/metrics.NODE.prom`; `none` takes no samples. Default: 5s.",
    ),
});
