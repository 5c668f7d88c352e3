import * as z from 'zod';
import { duration } from './duration-schema.ts';
import { environment } from './environment.ts';
import { count, text } from './fields.ts';
import { argumentMap } from './role.ts';

export const BENCH_TYPES = ['custom', 'aiperf', 'sglang', 'vllm', 'builtin'] as const;

const CONCURRENCIES_FORM = 'write numbers of concurrent requests as [16, 64, 256] or 16x64x256';

const concurrencies = z
  .union(
    [count, z.array(count).min(1), z.string().regex(/^[1-9]\d{0,6}(x[1-9]\d{0,6})*$/, CONCURRENCIES_FORM)],
    {
      error: CONCURRENCIES_FORM,
    },
  )
  .meta({ title: 'list of numbers, or text', examples: [[16, 64, 256], '16x64x256'] })
  .transform((given): readonly number[] => {
    if (typeof given === 'string') return given.split('x').map(Number);
    return typeof given === 'number' ? [given] : given;
  });

const rate = z
  .union([z.number().positive(), z.literal('inf')], { error: 'write requests a second, or "inf"' })
  .meta({ title: 'number or "inf"', examples: ['inf', 4] });

const fraction = z.number().min(0).max(1);

/** Work against the ready service, after which the job ends. */
export const bench = z.strictObject({
  type: z
    .enum(BENCH_TYPES)
    .default('custom')
    .describe(
      'What makes the load. `aiperf`, `sglang` (sglang.bench_serving) and `vllm` (benchmark_serving) run in the job, on the head node and in its container, once for each concurrency; so does `custom`, the command given here. `builtin`: `dyn-slurm bench` and `rehearse` themselves, and a job does not end with it. Default: `custom`.',
    ),
  command: text
    .optional()
    .meta({ examples: ['bash /lustre/load.sh --url "$DYN_SLURM_URL"'] })
    .describe(
      'Bash line of the type `custom`, once the service is ready. It finds DYN_SLURM_URL, DYN_SLURM_MODEL and the folder DYN_SLURM_RESULTS. The job ends with it: succeeded if its exit code is 0, else failed. Required for `custom`.',
    ),
  program: text
    .optional()
    .meta({ examples: ['python3 /scripts/benchmark_serving.py'] })
    .describe(
      'Words that start the tool, with spaces between them. Default: `aiperf`, `python3 -m sglang.bench_serving` or `vllm bench serve`.',
    ),
  isl: count.optional().describe('Tokens of each prompt. Required, but for `custom` or with a `dataset`.'),
  osl: count.optional().describe('Tokens of each answer. Required, but for `custom` or with a `dataset`.'),
  concurrencies: concurrencies
    .optional()
    .describe(
      'Requests at the same time; one measurement each, in this order. The same number twice is measured twice. Required, but for `custom`.',
    ),
  request_rate: rate
    .default('inf')
    .describe('Requests a second that are begun; the concurrency still is the most. Default: inf.'),
  prompts_per_concurrency: count
    .default(5)
    .describe('Requests of a measurement, in multiples of its concurrency. Default: 5.'),
  requests: count
    .optional()
    .describe(
      'Requests of each measurement, whatever its concurrency. Default: by `prompts_per_concurrency`.',
    ),
  warmup_per_concurrency: z
    .int()
    .min(0)
    .default(1)
    .describe(
      'Requests before each measurement that are not counted, in multiples of its concurrency; 0 for none. Default: 1.',
    ),
  random_range_ratio: fraction
    .optional()
    .describe(
      'How much lengths vary, as the tool means it: for `sglang` and `builtin` the shortest as a part of `isl` and `osl`, for `vllm` and `aiperf` how far they lie to both sides. Default: all have the same length.',
    ),
  dataset: text
    .optional()
    .meta({ examples: ['sharegpt'] })
    .describe('Name of a dataset of the tool, in place of random prompts of `isl` tokens.'),
  dataset_path: text.optional().describe('File of the dataset, where it needs one.'),
  tokenizer: text
    .optional()
    .describe('Folder or name of the tokenizer by which the tool counts. Default: `model.path`.'),
  args: argumentMap
    .default({})
    .meta({ examples: [{ 'request-timeout-seconds': 600 }] })
    .describe('Further arguments of the tool by name; those that dyn-slurm writes itself are refused.'),
  env: environment.default({}).describe('Environment of the tool. Secrets by reference only.'),
  point_time_limit: duration
    .optional()
    .meta({ examples: ['30m'] })
    .describe(
      'Time for one measurement, after which it is ended, kept as partial, and the next begins. Default: none but the job’s.',
    ),
  max_error_rate: fraction
    .default(0)
    .describe('Part of the requests that may fail before a measurement is invalid. Default: 0.'),
  length_tolerance: fraction
    .default(0.1)
    .describe('Part by which prompts and answers may miss `isl` and `osl` on average. Default: 0.1.'),
});

/** A benchmark that runs a line of bash. */
export function customBench(command: string, env: BenchConfig['env'] = {}): BenchConfig {
  return bench.parse({ type: 'custom', command, env });
}

export type BenchConfig = z.output<typeof bench>;
export type BenchType = BenchConfig['type'];
