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
    .describe('Weight of cached prefixes in KV routing, 0 or more. Default: Dynamo’s.'),
  temperature: z
    .number()
    .min(0)
    .optional()
    .describe('Randomness of KV routing, 0 or more; 0 always takes the best worker. Default: Dynamo’s.'),
  kv_events: z
    .boolean()
    .optional()
    .describe('Whether KV routing listens to cache events; false predicts the caches. Default: Dynamo’s.'),
  replica_sync: z
    .boolean()
    .optional()
    .describe('Keep the routers of several frontends in step. Default: Dynamo’s.'),
  block_size: count
    .optional()
    .describe('Size of a KV cache block, tokens; must equal the workers’ `page-size`. Default: Dynamo’s.'),
});

export const frontend = z.strictObject({
  count: count
    .default(1)
    .describe(
      'How many frontends, each on a node of its own; above 1, they stand behind nginx, which the head node must have. Default: 1.',
    ),
  dedicated_nodes: z
    .boolean()
    .default(false)
    .describe(
      'Give each frontend a node without workers, before theirs: `count` more nodes. Default: false, frontends share the workers’ nodes.',
    ),
  port: port
    .default(8000)
    .describe(
      'Port that clients use: the frontend’s, or nginx’s where there are several. Default: 8000, or another where that is taken.',
    ),
  router_mode: z
    .enum(ROUTER_MODES)
    .default('round-robin')
    .describe('How the frontend picks a worker. Default: round-robin.'),
  router: router.prefault({}).describe('Options of the router; most of them need `router_mode: kv`.'),
  args: argumentMap
    .default({})
    .meta({ examples: [{ 'metrics-prefix': 'dsr1' }] })
    .describe('Any argument of Dynamo’s frontend, written like those of the roles. Default: none.'),
  env: environment.default({}).describe('Environment of the frontends, written like that of the roles.'),
});
