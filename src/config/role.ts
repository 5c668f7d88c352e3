import { z } from 'zod';
import { count, environment, text } from './fields.ts';

/** Roles of a worker. `processor` and `router` are CPU-only helpers of older Dynamo examples. */
export const ROLES = ['prefill', 'decode', 'aggregated', 'encode', 'processor', 'router'] as const;
export type Role = (typeof ROLES)[number];

/** A number, or `gpus` (the GPUs of one worker) less a few. */
const parallel = z
  .union([count, z.string().regex(/^gpus(-[1-9]\d{0,3})?$/, 'write a number, "gpus" or "gpus-N"')])
  .describe('A number, `gpus` (all GPUs of one worker) or `gpus-N`.');

const argument: z.ZodType<ArgumentValue> = z.lazy(() =>
  z.union([
    z.string(),
    z.number(),
    z.boolean(),
    z.array(z.union([z.string(), z.number(), z.boolean()])),
    z.record(z.string(), z.json()),
  ]),
);

/** A value of an engine argument: `true` is a bare flag, `false` leaves it out, a list repeats, a map becomes JSON. */
export type ArgumentValue =
  | string
  | number
  | boolean
  | readonly (string | number | boolean)[]
  | { readonly [key: string]: unknown };

export const argumentMap = z
  .record(
    z.string().regex(/^[A-Za-z][A-Za-z0-9_-]*$/, 'is not an argument name: write it without leading dashes'),
    argument,
  )
  .describe(
    'Arguments passed through, without leading dashes: `mem-fraction-static: 0.82`. true: bare flag; false: left out; list: repeated values; map: JSON.',
  );

export const role = z.strictObject({
  workers: count.default(1).describe('How many model replicas of this role.'),
  nodes: count.optional().describe('Nodes for all workers of this role together; must divide by `workers`.'),
  gpus_per_worker: z
    .int()
    .min(0)
    .optional()
    .describe('GPUs of one worker, instead of `nodes`: several small workers share a node.'),
  tp: parallel.optional().describe('Tensor parallel size (`--tp-size`). Default: all GPUs of the worker.'),
  pp: count.optional().describe('Pipeline parallel size (`--pp-size`).'),
  dp: parallel.optional().describe('Data parallel size (`--dp-size`).'),
  ep: parallel.optional().describe('Expert parallel size (`--ep-size`).'),
  endpoint: z
    .string()
    .regex(
      /^dyn:\/\/[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/,
      'write an endpoint as dyn://namespace.component.endpoint',
    )
    .optional()
    .describe(
      'The Dynamo endpoint that the workers register. Default: prefill and encode by their name, others `backend`.',
    ),
  kv_events: z
    .boolean()
    .default(false)
    .describe('Publish KV cache events for the KV router, on a port of each worker.'),
  args: argumentMap.default({}),
  env: environment
    .default({})
    .describe('Environment of the workers. Secrets by reference: `{from_env: HF_TOKEN}`.'),
  module: z
    .string()
    .regex(/^[A-Za-z_][\w.]*$/)
    .optional()
    .describe('Python module to run instead of the one that `dynamo.version` implies.'),
  flags: z.array(text).default([]).describe('Extra words at the end of the command, as they are.'),
});

export type RoleConfig = z.infer<typeof role>;
