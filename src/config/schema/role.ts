import * as z from 'zod';
import { dashed } from '../text/dashed.ts';
import { count, environment, text } from './fields.ts';
import { setup } from './setup.ts';

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

const ARGUMENT = {
  title: 'text, number, true, false, list or map',
  description: 'An argument, passed by its name: true passes a bare flag, false omits it.',
};

const argument: z.ZodType<ArgumentValue> = z
  .lazy(() =>
    z.union([z.string(), z.number(), z.boolean(), z.array(item), z.record(z.string(), z.json())], {
      error: 'must be text, a number, true, false, a list of these, or a map that becomes JSON',
    }),
  )
  .meta({ title: ARGUMENT.title })
  .describe(ARGUMENT.description);

/** A value of an engine argument: `true` is a bare flag, `false` leaves it out, a list repeats, a map becomes JSON. */
export type ArgumentValue =
  | string
  | number
  | boolean
  | null
  | readonly (string | number | boolean)[]
  | { readonly [key: string]: unknown };

/** A dot leads to a key of a value that is a map, and a plus behind it to an item of a list: `pass_config.custom+`. */
const argumentName = z.string().regex(/^[A-Za-z][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*\+?$/, {
  error: ({ input }) =>
    String(input).startsWith('-')
      ? 'write the argument without its leading dashes'
      : 'is not a valid argument name: use letters, digits and dashes',
});

export const argumentMap = z.record(argumentName, argument).meta({ title: 'map of arguments' });

/** With `null`, which stays only where the engine's arguments are a file. */
const roleArguments = z
  .record(
    argumentName,
    z.union([argument, z.null()]).meta({ title: ARGUMENT.title }).describe(ARGUMENT.description),
  )
  .meta({ title: 'map of arguments' });

const restart = z
  .union([z.literal('never'), z.int().min(1).max(1000)], { error: 'write "never" or a number of restarts' })
  .meta({ title: '"never" or whole number' });

const SHARE_FORM = 'write a part of one GPU, above 0 and at most 1, as 0.5';

export const role = z.strictObject({
  workers: count.default(1),
  nodes: count.optional(),
  gpus_per_worker: z.int().min(0).optional(),
  gpu_share: z.number().gt(0, SHARE_FORM).max(1, SHARE_FORM).optional(),
  spread: z.boolean().optional(),
  tp: parallel.optional(),
  pp: count.optional(),
  dp: parallel.optional(),
  ep: parallel.optional(),
  dcp: count.optional(),
  endpoint: z
    .string()
    .regex(
      /^dyn:\/\/[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/,
      'write an endpoint as dyn://namespace.component.endpoint',
    )
    .optional(),
  kv_events: z.boolean().default(false),
  restart: restart.default('never'),
  critical: z.boolean().default(true),
  numa: z.boolean().optional(),
  args: roleArguments.default({}),
  env: environment.default({}),
  module: z
    .string()
    .regex(/^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/, 'write a Python module as package.module')
    .optional(),
  flags: z.array(text).default([]),
  setup: setup.optional(),
});

export type RoleConfig = z.infer<typeof role>;

/** The roles that a job has, in their order. */
export function rolesOf(
  job: Readonly<Partial<Record<Role, RoleConfig | undefined>>>,
): readonly (readonly [Role, RoleConfig])[] {
  return ROLES.flatMap((name) => (job[name] ? [[name, job[name]] as const] : []));
}

/** Helpers of older multimodal and router examples, which run without a GPU. */
export function needsGpu(role: Role): boolean {
  return role !== 'processor' && role !== 'router';
}

/** An engine argument by its name with dashes; the user may write underscores. */
export function engineArgument(config: RoleConfig, name: string): ArgumentValue | undefined {
  const key = Object.keys(config.args).find((given) => dashed(given) === name);
  return key === undefined ? undefined : config.args[key];
}
