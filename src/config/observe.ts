import * as z from 'zod';
import { duration } from './duration.ts';

const GPU_LOGGERS = ['none', 'nvidia-smi', 'dcgmi'] as const;

/** What a job writes down beside its events and logs. */
export const observe = z.strictObject({
  gpu_log: z
    .enum(GPU_LOGGERS)
    .default('none')
    .describe(
      'Program that writes utilization, memory, power and clocks of every node’s GPUs to `logs/gpu.NODE.csv`; a node without it gives a warning. Default: none.',
    ),
  interval: duration.prefault('5s').describe('Time between two samples, whole seconds. Default: 5s.'),
});
