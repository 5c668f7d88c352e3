import * as z from 'zod';
import { accuracy } from './accuracy.ts';
import { count, duration, environment, text } from './fields.ts';
import { argumentMap, ROLES } from './role.ts';

/** The types that run a program of others in the job, which has arguments. */
const BENCH_TOOLS = ['aiperf', 'trace', 'agentic', 'sglang', 'vllm'] as const;
export type BenchToolType = (typeof BENCH_TOOLS)[number];
export const BENCH_TYPES = ['custom', ...BENCH_TOOLS, 'accuracy', 'builtin'] as const;

const CONCURRENCIES_FORM = 'write numbers of concurrent requests as [16, 64, 256] or 16x64x256';

const concurrencies = z
  .union(
    [count, z.array(count).min(1), z.string().regex(/^[1-9]\d{0,6}(x[1-9]\d{0,6})*$/, CONCURRENCIES_FORM)],
    {
      error: CONCURRENCIES_FORM,
    },
  )
  .meta({ title: 'list of numbers, or text' })
  .transform((given): readonly number[] => {
    if (typeof given === 'string') return given.split('x').map(Number);
    return typeof given === 'number' ? [given] : given;
  });

const RATE_FORM = 'write requests a second, or "inf"';
const rate = z.union([z.number().positive(), z.literal('inf')], { error: RATE_FORM });
const rates = z
  .union([rate, z.array(rate).min(1)], { error: `${RATE_FORM}, or a list of them` })
  .meta({ title: 'number, "inf" or a list of them' })
  .transform((given): readonly (number | 'inf')[] => [given].flat());

/** A bound on a latency, as text; milliseconds once read. */
const latency = z
  .string()
  .regex(/^(?=.*[1-9])\d{1,7}(\.\d{1,3})?(ms|s)$/, 'write a time above zero as 25ms, 0.5s or 2s')
  .meta({ title: 'time', examples: ['25ms', '2s'] })
  .transform((given) => Number.parseFloat(given) * (given.endsWith('ms') ? 1 : 1000));

const slo = z.strictObject({ ttft: latency.optional(), itl: latency.optional(), e2e: latency.optional() });

/** The node that a benchmark runs on: the first or the last of the job, one more of its own, or the first of a role. */
const place = z.enum(['head', 'last', 'own', ...ROLES]);

const fraction = z.number().min(0).max(1);

/** Work against the ready service, after which the job ends. */
export const bench = z.strictObject({
  type: z.enum(BENCH_TYPES).default('custom'),
  command: text.optional(),
  program: text.optional(),
  isl: count.optional(),
  osl: count.optional(),
  concurrencies: concurrencies.optional(),
  request_rate: rates.prefault('inf'),
  prompts_per_concurrency: count.default(5),
  requests: count.optional(),
  warmup_per_concurrency: z.int().min(0).default(1),
  random_range_ratio: fraction.optional(),
  trace: z
    .string()
    .regex(/^\/[^:,\u0000-\u001f]+$/, 'write the absolute path of a file on the nodes, without "," and ":"')
    .optional(),
  fixed_schedule: z.boolean().optional(),
  speedup: z.number().positive().optional(),
  turns: count.optional(),
  turn_delay: duration.optional(),
  dataset: text.optional(),
  dataset_path: text.optional(),
  tokenizer: text.optional(),
  chat_template: z.union([z.boolean(), text]).default(false).meta({ title: 'true, false or a path' }),
  slo: slo.optional(),
  args: argumentMap.default({}),
  env: environment.default({}),
  image: text.optional(),
  node: place.default('head'),
  point_time_limit: duration.optional(),
  max_error_rate: fraction.default(0),
  length_tolerance: fraction.default(0.1),
  accuracy: accuracy.optional(),
});

/** A benchmark that runs a line of bash, where and with the environment that `like` has. */
export function customBench(command: string, like: BenchConfig | undefined): BenchConfig {
  const { env, image, node } = like ?? {};
  return bench.parse({ type: 'custom', command, env, image, node });
}

export type BenchConfig = z.output<typeof bench>;
export type BenchType = BenchConfig['type'];

export function isBenchTool(type: string): type is BenchToolType {
  return BENCH_TOOLS.some((tool) => tool === type);
}

/** Whether bench.sh runs it in the job, step by step; a command alone needs no script, and `builtin` runs elsewhere. */
export function usesScript({ type, accuracy: asked }: BenchConfig): boolean {
  return isBenchTool(type) || asked !== undefined;
}
