import * as z from 'zod';
import { environment } from './environment.ts';
import { count, port } from './fields.ts';
import { argumentMap } from './role.ts';

export const ROUTER_MODES = [
  'round-robin',
  'random',
  'power-of-two',
  'kv',
  'direct',
  'least-loaded',
  'device-aware-weighted',
] as const;

const router = z.strictObject({
  kv_overlap_score_credit: z
    .number()
    .min(0)
    .optional()
    .describe("Weight of cached prefixes in KV routing, 0 or more. Default: Dynamo's."),
  temperature: z
    .number()
    .min(0)
    .optional()
    .describe("Randomness of KV routing, 0 or more; 0 always picks the best worker. Default: Dynamo's."),
  kv_events: z
    .boolean()
    .optional()
    .describe(
      "Whether the KV router subscribes to cache events; false makes it predict the caches. Default: Dynamo's.",
    ),
  replica_sync: z
    .boolean()
    .optional()
    .describe("Whether the routers of several frontends share their state. Default: Dynamo's."),
  block_size: count
    .optional()
    .describe("KV cache block size in tokens; must equal the workers' `page-size`. Default: Dynamo's."),
});

export const frontend = z.strictObject({
  count: count
    .default(1)
    .describe(
      'Number of frontends, each on its own node. Two or more are placed behind nginx, which must be installed on the head node. Default: 1.',
    ),
  dedicated_nodes: z
    .boolean()
    .default(false)
    .describe(
      'Run each frontend on a node without workers, which adds `count` nodes to the job. Default: false, frontends share nodes with workers.',
    ),
  port: port
    .default(8000)
    .describe(
      'Port that clients connect to: that of the frontend, or of nginx if there are several frontends. Default: 8000; on shared nodes (`slurm.exclusive: false`) another port if 8000 is in use.',
    ),
  router_mode: z
    .enum(ROUTER_MODES)
    .default('round-robin')
    .describe('How the frontend picks a worker for a request. Default: round-robin.'),
  router: router.prefault({}).describe('Router options; most of them require `router_mode: kv`.'),
  args: argumentMap
    .default({})
    .meta({ examples: [{ 'metrics-prefix': 'dsr1' }] })
    .describe("Any argument of Dynamo's frontend, in the form of a role's `args`. Default: none."),
  env: environment.default({}).describe("Environment of the frontends, in the form of a role's `env`."),
});
