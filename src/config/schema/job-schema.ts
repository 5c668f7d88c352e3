import * as z from 'zod';
import { bench } from './bench.ts';
import { clusterName } from './cluster-schema.ts';
import { dynamo } from './dynamo.ts';
import { engine } from './engine.ts';
import { name } from './fields.ts';
import { refuseSecrets } from './found-secrets.ts';
import { frontend } from './frontend.ts';
import { health } from './health.ts';
import { infra } from './infra.ts';
import { container, model } from './model.ts';
import { observe } from './observe.ts';
import { profiling } from './profiling.ts';
import { role } from './role.ts';
import { slurm } from './slurm.ts';

export { ROLES, type Role } from './role.ts';

/** What a topology may set, and a user's file overrides key by key. */
const shape = {
  gpu: z
    .string()
    .meta({ examples: ['h100', 'gb200'] })
    .describe(
      "GPU model of the nodes, which determines the number of GPUs per node. Default: the topology's, else required.",
    ),
  prefill: role
    .optional()
    .describe('Workers that process prompts and pass their KV cache to decode workers.'),
  decode: role
    .optional()
    .describe('Workers that generate tokens from a KV cache that prefill workers filled.'),
  aggregated: role.optional().describe('Workers that do both prefill and decode.'),
  encode: role.optional().describe('Image encoders for multimodal models.'),
  processor: role.optional().describe('Processors of multimodal requests, without GPUs; Dynamo 0.x only.'),
  router: role.optional().describe('Standalone prefill routers, without GPUs; Dynamo 0.x only.'),
  frontend: frontend.prefault({}).describe('HTTP frontends that clients connect to.'),
  infra: infra.prefault({}).describe('etcd, NATS, the planes between processes, and the ports.'),
  dynamo: dynamo.prefault({}).describe('Dynamo release, and its worker options.'),
  engine: engine
    .prefault({})
    .describe('SGLang in the image, if it is not the release that Dynamo depends on.'),
  health: health.prefault({}).describe('When the job counts as ready, and when it gives up.'),
  observe: observe.prefault({}).describe('What the job records besides its events and logs.'),
  profile: profiling
    .optional()
    .describe(
      'Workers that run under Nsight Systems, for `dyn-slurm profile --role decode --tool nsys`. Default: none.',
    ),
  bench: bench
    .optional()
    .describe(
      'Benchmark of the ready service, with which the job ends. Default: none, the service runs until it is canceled or reaches its time limit.',
    ),
};

/** A whole job, after the topology and the cluster profile are merged in. */
export const jobSchema = z
  .strictObject({
    name: name
      .meta({ title: 'name', examples: ['dsr1-wideep'] })
      .describe('Name of the job: 1 to 64 letters, digits, dots, dashes and underscores. Required.'),
    topology: name
      .optional()
      .meta({ title: 'name or map', examples: ['docs-dsr1-wideep-h100'] })
      .describe(
        'Name of a published topology (`dyn-slurm topologies` lists them), or a map with the keys of one. Keys of the config override it one by one; null removes a key.',
      ),
    model: model.describe('Model to serve.'),
    container: container
      .optional()
      .describe('Container image in which Dynamo runs. Default: none, Dynamo runs on the host.'),
    slurm: slurm.describe('Options of the Slurm job.'),
    cluster: clusterName
      .optional()
      .meta({ title: 'name', examples: ['hopper'] })
      .describe(
        'Name of the cluster profile; `--cluster` and DYN_SLURM_CLUSTER override it. Default: the profile `default`.',
      ),
    ...shape,
  })
  .superRefine(refuseSecrets)
  .describe('A config: a model, where it runs, and how it differs from its topology.');

/** Keys of a job that a topology, published or inline, cannot set: they are the user's. */
export const USER_KEYS: readonly string[] = ['name', 'topology', 'cluster'];

/** The validated intent: every default filled, durations in seconds. */
export type JobConfig = Omit<z.output<typeof jobSchema>, 'cluster'>;

/** Facts about a published topology, beside the keys that it sets. */
export const topologyHeader = z.strictObject({
  title: z.string().describe('Short title of the topology.'),
  precision: z
    .string()
    .optional()
    .describe('Precision of the recipe, such as FP8, FP4 or BF16, even if its upstream name says otherwise.'),
  source: z
    .strictObject({
      repo: z.string().describe('Repository of the recipe.'),
      path: z.string().describe('Path of the recipe in the repository.'),
      commit: z.string().describe('Commit that was read.'),
      dynamo: z.string().describe('Dynamo release that the recipe was written for.'),
    })
    .describe('Where the recipe was published.'),
  notes: z.array(z.string()).default([]).describe('Notes for users.'),
  expects: z
    .strictObject({
      files: z.array(z.string()).default([]).describe('Files without which a worker does not start.'),
      folders: z.array(z.string()).default([]).describe('Cache folders that workers fill.'),
    })
    .optional()
    .describe('What the workers expect on their nodes or, if they run in a container, mounted into it.'),
});
