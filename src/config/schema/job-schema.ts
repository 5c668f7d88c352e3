import * as z from 'zod';
import { bench } from './bench.ts';
import { clusterName } from './cluster-schema.ts';
import { name } from './fields.ts';
import { role } from './role.ts';
import { refuseSecrets } from './secrets.ts';
import { container, dynamo, engine, frontend, health, infra, model, observe, profiling } from './sections.ts';
import { setup } from './setup.ts';
import { slurm } from './slurm.ts';

export { ROLES, type Role } from './role.ts';

/** What a topology may set, and a user's file overrides key by key. */
const shape = {
  gpu: z.string(),
  prefill: role.optional(),
  decode: role.optional(),
  aggregated: role.optional(),
  encode: role.optional(),
  processor: role.optional(),
  router: role.optional(),
  frontend: frontend.prefault({}),
  infra: infra.prefault({}),
  dynamo: dynamo.prefault({}),
  engine: engine.prefault({}),
  setup: setup.optional(),
  health: health.prefault({}),
  observe: observe.prefault({}),
  profile: profiling.optional(),
  bench: bench.optional(),
};

/** A whole job, after the topology and the cluster profile are merged in. */
export const jobSchema = z
  .strictObject({
    name: name.meta({ title: 'name' }),
    topology: name.optional().meta({ title: 'name or map' }),
    model,
    container: container.optional(),
    slurm,
    cluster: clusterName.optional().meta({ title: 'name' }),
    variants: z.record(name, z.unknown()).optional().meta({ title: 'map of names to keys' }),
    sweep: z.record(z.string(), z.unknown()).optional().meta({ title: 'map of keys to lists' }),
    ...shape,
  })
  .superRefine(refuseSecrets)
  .describe('A config: a model, where it runs, and how it differs from its topology.');

/** Keys of a job that a topology, published or inline, cannot set: they are the user's. */
export const USER_KEYS: readonly string[] = ['name', 'topology', 'cluster', 'variants', 'sweep'];

/** The validated intent: every default filled, durations in seconds. */
export type JobConfig = Omit<z.output<typeof jobSchema>, 'cluster' | 'variants' | 'sweep'>;

/** What a published recipe was tuned for; `balanced` lies between both, and an example shows a feature on few GPUs. */
const GOALS = ['latency', 'throughput', 'balanced', 'example'] as const;

/** Facts about a published topology, beside the keys that it sets. */
export const topologyHeader = z.strictObject({
  title: z.string(),
  precision: z.string().optional(),
  goal: z.enum(GOALS),
  source: z.strictObject({
    repo: z.string(),
    path: z.string(),
    commit: z.string(),
    dynamo: z.string().optional(),
    date: z
      .string()
      .regex(/^\d{4}-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?$/, 'write it as 2026-08-19 or 2026-08'),
    date_inferred: z.boolean().optional(),
    license: z.string(),
  }),
  notes: z.array(z.string()).default([]),
  expects: z
    .strictObject({
      files: z.array(z.string()).default([]),
      folders: z.array(z.string()).default([]),
    })
    .optional(),
});
