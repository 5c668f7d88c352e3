import { z } from 'zod';
import { clusterName } from './cluster-profile.ts';
import { name } from './fields.ts';
import { role } from './role.ts';
import { container, dynamo, frontend, health, infra, model } from './service.ts';
import { slurm } from './slurm.ts';

export { ROLES, type Role } from './role.ts';

/** What a topology may set, and a user's file overrides key by key. */
const shape = {
  gpu: z.string().describe('GPU model of the nodes: h100, gb200, …; see `dyn-slurm topologies`.'),
  prefill: role.optional().describe('Prefill workers.'),
  decode: role.optional().describe('Decode workers.'),
  aggregated: role.optional().describe('Workers that do both.'),
  encode: role.optional().describe('Multimodal encoders.'),
  processor: role.optional().describe('Multimodal processors of Dynamo 0.x.'),
  router: role.optional().describe('Stand-alone prefill routers of Dynamo 0.x.'),
  frontend: frontend.prefault({}).describe('HTTP frontends.'),
  infra: infra.prefault({}).describe('etcd, NATS and the planes.'),
  dynamo: dynamo.prefault({}).describe('Dynamo’s release and options.'),
  health: health.prefault({}).describe('When the job counts as ready, and when it gives up.'),
};

/** A whole job, after the topology and the cluster profile are merged in. */
export const jobSchema = z.strictObject({
  name: name.describe('Name of the job.'),
  topology: name.optional().describe('Name of a published topology, or a map with the keys below.'),
  model: model.describe('The model.'),
  container: container.optional().describe('Image in which Dynamo runs; without it, on the host.'),
  slurm: slurm.describe('What to ask of Slurm.'),
  cluster: clusterName.optional(),
  ...shape,
});

/** The validated intent: every default filled, durations in seconds. */
export type JobConfig = z.output<typeof jobSchema>;

/** Facts about a published topology, beside the keys that it sets. */
export const topologyHeader = z.strictObject({
  title: z.string(),
  /** `FP8`, `FP4`, `BF16`, …: what the recipe really holds, whatever its upstream name says. */
  precision: z.string().optional(),
  source: z.strictObject({
    repo: z.string(),
    path: z.string(),
    commit: z.string(),
    /** The Dynamo release that the file was written for. */
    dynamo: z.string(),
  }),
  notes: z.array(z.string()).default([]),
});
