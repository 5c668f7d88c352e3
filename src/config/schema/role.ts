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
  .describe('An argument, passed on by its name: true is a bare flag, false leaves it out.');

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
      : 'is no name of an argument: use letters, digits and dashes',
});

export const argumentMap = z.record(argumentName, argument).meta({ title: 'map of arguments' });

const restart = z
  .union([z.literal('never'), z.int().min(1).max(1000)], { error: 'write "never", or how often' })
  .meta({ title: '"never" or whole number', examples: ['never', 3] });

export const role = z.strictObject({
  workers: count
    .default(1)
    .describe('How many workers of this role: each is one replica of the model. Default: 1.'),
  nodes: count
    .optional()
    .describe(
      'Nodes of all workers of this role together; must divide by `workers`. Default: one node for each worker, unless `gpus_per_worker` is given.',
    ),
  gpus_per_worker: z
    .int()
    .min(0)
    .optional()
    .describe(
      'GPUs of one worker, instead of `nodes`: several small workers share a node. Default: all GPUs of the worker’s nodes.',
    ),
  tp: parallel
    .optional()
    .describe('Tensor parallel size (`--tp-size`) of one worker. Default: all of its GPUs, divided by `pp`.'),
  pp: count.optional().describe('Pipeline parallel size (`--pp-size`) of one worker. Default: 1.'),
  dp: parallel
    .optional()
    .describe(
      'Data parallel size (`--dp-size`) of one worker; with DP attention it divides `tp`. Default: 1.',
    ),
  ep: parallel
    .optional()
    .describe('Expert parallel size (`--ep-size`) of one worker. Default: SGLang’s own.'),
  endpoint: z
    .string()
    .regex(
      /^dyn:\/\/[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/,
      'write an endpoint as dyn://namespace.component.endpoint',
    )
    .optional()
    .meta({ examples: ['dyn://dynamo.prefill.generate'] })
    .describe(
      'The Dynamo endpoint that the workers register. Default: the component `prefill` or `encode` for these roles, `backend` for others.',
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
      'How often each worker of this role may be started again after it has ended, after a delay that grows from 1 s to a minute. Default: never.',
    ),
  critical: z
    .boolean()
    .default(true)
    .describe(
      'Whether the loss of a worker ends the job. With false the service goes on, degraded, while the role has a worker left. Default: true.',
    ),
  numa: z
    .boolean()
    .optional()
    .describe(
      'Keep each of SGLang’s processes on the CPUs and memory near its GPU (SGLANG_AUTO_NUMA_BIND); needs numactl in the image. Default: SGLang’s own.',
    ),
  args: argumentMap
    .default({})
    .meta({
      examples: [{ 'mem-fraction-static': 0.82, 'enable-dp-attention': true, 'cuda-graph-bs': [1, 2, 4] }],
    })
    .describe(
      'Any argument of SGLang, without its leading dashes; `_` and `-` are the same. true is a bare flag, false leaves it out, a list repeats its values, a map becomes JSON.',
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
    .describe(
      'Python module to run. Default: the one that `dynamo.version` implies, `dynamo.sglang` for 1.x.',
    ),
  flags: z
    .array(text)
    .default([])
    .describe('Further words at the end of the command, passed on as they are. Default: none.'),
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
