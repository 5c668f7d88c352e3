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
      'Load generator. `aiperf`, `sglang` (sglang.bench_serving) and `vllm` (benchmark_serving) run in the job, on the head node and in its container, once per concurrency. `custom` runs `command` once. `builtin` is the load generator of `dyn-slurm bench` and `rehearse`; a job does not end with it. Default: `custom`.',
    ),
  command: text
    .optional()
    .meta({ examples: ['bash /lustre/load.sh --url "$DYN_SLURM_URL"'] })
    .describe(
      'Bash command of type `custom`, run once the service is ready, with the variables DYN_SLURM_URL, DYN_SLURM_MODEL and DYN_SLURM_RESULTS (a folder). The job ends with it: succeeded if its exit code is 0, else failed. Required for `custom`.',
    ),
  program: text
    .optional()
    .meta({ examples: ['python3 /scripts/benchmark_serving.py'] })
    .describe(
      'Command that starts the tool, split at spaces. Default: `aiperf`, `python3 -m sglang.bench_serving` or `vllm bench serve`.',
    ),
  isl: count
    .optional()
    .describe('Input length: tokens per prompt. Required, except for `custom` or with a `dataset`.'),
  osl: count
    .optional()
    .describe('Output length: tokens per answer. Required, except for `custom` or with a `dataset`.'),
  concurrencies: concurrencies
    .optional()
    .describe(
      'Concurrencies to measure, in this order; a number given twice is measured twice. Required, except for `custom`.',
    ),
  request_rate: rate
    .default('inf')
    .describe('Requests started per second, limited by the concurrency. Default: inf.'),
  prompts_per_concurrency: count
    .default(5)
    .describe('Requests per measurement, as a multiple of its concurrency. Default: 5.'),
  requests: count
    .optional()
    .describe(
      'Requests per measurement, regardless of its concurrency. Default: according to `prompts_per_concurrency`.',
    ),
  warmup_per_concurrency: z
    .int()
    .min(0)
    .default(1)
    .describe(
      'Warm-up requests before each measurement, as a multiple of its concurrency; 0 for none. Default: 1.',
    ),
  random_range_ratio: fraction
    .optional()
    .describe(
      'Variation of lengths, as defined by the tool: for `sglang` and `builtin`, the shortest length as a fraction of `isl` and `osl`; for `vllm` and `aiperf`, the deviation to both sides. Default: all lengths are equal.',
    ),
  dataset: text
    .optional()
    .meta({ examples: ['sharegpt'] })
    .describe('Name of a dataset of the tool, in place of random prompts of `isl` tokens.'),
  dataset_path: text.optional().describe('File of the dataset, if the dataset needs one.'),
  tokenizer: text
    .optional()
    .describe('Folder or name of the tokenizer with which the tool counts tokens. Default: `model.path`.'),
  args: argumentMap
    .default({})
    .meta({ examples: [{ 'request-timeout-seconds': 600 }] })
    .describe('Additional arguments of the tool by name, except those that dyn-slurm sets.'),
  env: environment.default({}).describe('Environment of the tool. Secrets by reference only.'),
  point_time_limit: duration
    .optional()
    .meta({ examples: ['30m'] })
    .describe(
      'Time limit of each measurement. After it, the measurement is stopped and kept as partial, and the next one starts. Default: none.',
    ),
  max_error_rate: fraction
    .default(0)
    .describe('Fraction of requests that may fail before a measurement is invalid. Default: 0.'),
  length_tolerance: fraction
    .default(0.1)
    .describe(
      'Fraction by which the average lengths of prompts and answers may deviate from `isl` and `osl`. Default: 0.1.',
    ),
});

/** A benchmark that runs a line of bash. */
export function customBench(command: string, env: BenchConfig['env'] = {}): BenchConfig {
  return bench.parse({ type: 'custom', command, env });
}

export type BenchConfig = z.output<typeof bench>;
export type BenchType = BenchConfig['type'];
