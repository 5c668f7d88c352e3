import * as z from 'zod';
import { environment } from './environment.ts';
import { count, text } from './fields.ts';

/** Roles of a worker. `processor` and `router` are CPU-only helpers of older Dynamo examples. */
export const ROLES = ['prefill', 'decode', 'aggregated', 'encode', 'processor', 'router'] as const;
export type Role = (typeof ROLES)[number];

const PARALLEL_FORM = 'write a number, "gpus" or "gpus-N"';

/** A number, or `gpus` (the GPUs of one worker) less a few. */
const parallel = z
  .union([count, z.string().regex(/^gpus(-[1-9]\d{0,3})?$/, PARALLEL_FORM)], { error: PARALLEL_FORM })
  .meta({ title: 'number, "gpus" or "gpus-N"', examples: [8, 'gpus', 'gpus-2'] });

const item = z.union([z.string(), z.number(), z.boolean()], {
  error: 'must be text, a number, true or false',
});

const argument: z.ZodType<ArgumentValue> = z
  .lazy(() =>
    z.union([z.string(), z.number(), z.boolean(), z.array(item), z.record(z.string(), z.json())], {
      error: 'must be text, a number, true, false, a list of these, or a map that becomes JSON',
    }),
  )
  .meta({ title: 'text, number, true, false, list or map' })
  .describe('An argument, passed by its name: true passes a bare flag, false omits it.');

/** A value of an engine argument: `true` is a bare flag, `false` leaves it out, a list repeats, a map becomes JSON. */
export type ArgumentValue =
  | string
  | number
  | boolean
  | readonly (string | number | boolean)[]
  | { readonly [key: string]: unknown };

const argumentName = z.string().regex(/^[A-Za-z][A-Za-z0-9_-]*$/, {
  error: ({ input }) =>
    String(input).startsWith('-')
      ? 'write the argument without its leading dashes'
      : 'is not a valid argument name: use letters, digits and dashes',
});

export const argumentMap = z.record(argumentName, argument).meta({ title: 'map of arguments' });

const restart = z
  .union([z.literal('never'), z.int().min(1).max(1000)], { error: 'write "never" or a number of restarts' })
  .meta({ title: '"never" or whole number', examples: ['never', 3] });

export const role = z.strictObject({
  workers: count
    .default(1)
    .describe('Number of workers in this role; each is a replica of the model. Default: 1.'),
  nodes: count
    .optional()
    .describe(
      'Number of nodes for all workers of this role together; must be a multiple of `workers`. Default: one node per worker, unless `gpus_per_worker` is given.',
    ),
  gpus_per_worker: z
    .int()
    .min(0)
    .optional()
    .describe(
      "Number of GPUs per worker, in place of `nodes`, so that several small workers can share a node. Default: all GPUs of the worker's nodes.",
    ),
  tp: parallel
    .optional()
    .describe(
      'Tensor parallel size (`--tp-size`) of each worker. Default: all of its GPUs, divided by `pp`.',
    ),
  pp: count.optional().describe('Pipeline parallel size (`--pp-size`) of each worker. Default: 1.'),
  dp: parallel
    .optional()
    .describe(
      'Data parallel size (`--dp-size`) of each worker; with DP attention it divides `tp`. Default: 1.',
    ),
  ep: parallel
    .optional()
    .describe("Expert parallel size (`--ep-size`) of each worker. Default: SGLang's own."),
  endpoint: z
    .string()
    .regex(
      /^dyn:\/\/[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/,
      'write an endpoint as dyn://namespace.component.endpoint',
    )
    .optional()
    .meta({ examples: ['dyn://dynamo.prefill.generate'] })
    .describe(
      'Dynamo endpoint that the workers register. Default: component `prefill` or `encode` for these roles, `backend` for the others.',
    ),
  kv_events: z
    .boolean()
    .default(false)
    .describe(
      'Publish KV cache events for the KV router, on a port of each worker (`infra.ports.kv_events`). Default: false.',
    ),
  restart: restart
    .default('never')
    .describe(
      'Maximum number of restarts of each worker after it has ended. The delay before a restart grows from 1 s to 1 min. Default: never.',
    ),
  critical: z
    .boolean()
    .default(true)
    .describe(
      'Whether losing a worker ends the job. If false, the service continues in a degraded state while the role has a worker left. Default: true.',
    ),
  numa: z
    .boolean()
    .optional()
    .describe(
      "Bind each SGLang process to the CPUs and memory near its GPU (SGLANG_AUTO_NUMA_BIND); requires numactl in the image. Default: SGLang's own.",
    ),
  args: argumentMap
    .default({})
    .meta({
      examples: [{ 'mem-fraction-static': 0.82, 'enable-dp-attention': true, 'cuda-graph-bs': [1, 2, 4] }],
    })
    .describe(
      'Any argument of SGLang, without leading dashes; `_` and `-` are equivalent. true passes a bare flag, false omits it, a list passes several values, a map is passed as JSON.',
    ),
  env: environment
    .default({})
    .describe(
      'Environment of the workers. Secrets by reference only: `{from_env: HF_TOKEN}` or `{from_file: PATH}`.',
    ),
  module: z
    .string()
    .regex(/^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/, 'write a Python module as package.module')
    .optional()
    .meta({ examples: ['dynamo.sglang'] })
    .describe('Python module to run. Default: determined by `dynamo.version`; `dynamo.sglang` for 1.x.'),
  flags: z
    .array(text)
    .default([])
    .describe('Additional words at the end of the command, passed as written. Default: none.'),
});

export type RoleConfig = z.infer<typeof role>;

/** Helpers of older multimodal and router examples, which run without a GPU. */
export function needsGpu(role: Role): boolean {
  return role !== 'processor' && role !== 'router';
}

/** An engine argument by its name with dashes; the user may write underscores. */
export function engineArgument(config: RoleConfig, name: string): ArgumentValue | undefined {
  const key = Object.keys(config.args).find((given) => given.replaceAll('_', '-') === name);
  return key === undefined ? undefined : config.args[key];
}
