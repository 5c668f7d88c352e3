import { z } from 'zod';
import { count, duration, environment, mountablePath, port, text } from './fields.ts';
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

export const model = z.strictObject({
  path: mountablePath.describe('Folder of the model on the nodes, or an alias of the cluster profile.'),
  served_name: text
    .optional()
    .describe('Name that clients ask for. Default: the topology’s, else the last part of the path.'),
});

export const container = z.strictObject({
  image: text.describe(
    'Image for pyxis: a .sqsh file, a registry reference, or an alias of the cluster profile.',
  ),
  mounts: z
    .array(
      z
        .string()
        .regex(/^[^:,\n]+:[^:,\n]+(:(ro|rw))?$/, 'write a mount as HOST:CONTAINER or HOST:CONTAINER:ro'),
    )
    .default([])
    .describe('Further mounts; the model’s folder and the run folder are mounted at their own paths.'),
});

export const router = z.strictObject({
  kv_overlap_score_credit: z.number().min(0).optional().describe('Weight of cached prefixes in KV routing.'),
  temperature: z
    .number()
    .min(0)
    .optional()
    .describe('Randomness of KV routing; 0 always takes the best worker.'),
  kv_events: z.boolean().optional().describe('false: predict the caches instead of listening to events.'),
  replica_sync: z.boolean().optional().describe('Keep several frontends’ routers in step.'),
  block_size: count.optional().describe('KV cache block size, tokens.'),
});

export const frontend = z.strictObject({
  count: count.default(1).describe('Frontends, each on a node of its own; above 1 nginx balances them.'),
  port: port
    .default(8000)
    .describe('Port that clients use: the frontend’s, or nginx’s when there are several.'),
  router_mode: z.enum(ROUTER_MODES).default('round-robin').describe('How the frontend picks a worker.'),
  router: router.prefault({}).describe('Options of the router.'),
  args: argumentMap.default({}),
  env: environment.default({}),
});

export const ports = z.strictObject({
  etcd_client: port.default(2379),
  etcd_peer: port.default(2380),
  nats: port.default(4222),
  frontend: port.default(8180).describe('Frontends behind nginx.'),
  rpc: port
    .default(7777)
    .describe('Request plane of each process; the base of a block, one for each process of a node.'),
  system: port
    .default(8081)
    .describe('Workers’ system server (health, metrics, model card); base of a block.'),
  dist_init: port
    .default(29500)
    .describe('SGLang’s dist-init and the six ports after it; base of blocks of ten.'),
  bootstrap: port.default(30001).describe('Prefill to decode handshake; base of a block, unique in the job.'),
  kv_events: port.default(5557).describe('KV cache events; base of a block.'),
});

export const infra = z.strictObject({
  nats: z
    .union([z.boolean(), z.literal('auto')])
    .default('auto')
    .describe('Start NATS. `auto`: where a plane or the Dynamo version needs it.'),
  request_plane: z.enum(['tcp', 'nats']).default('tcp').describe('How requests reach workers (Dynamo 1.x).'),
  event_plane: z
    .enum(['nats', 'zmq'])
    .default('nats')
    .describe('How events travel (Dynamo 1.x). ZMQ has no authentication.'),
  ports: ports.prefault({}).describe('Base ports.'),
});

export const dynamo = z.strictObject({
  version: z
    .string()
    .regex(/^\d+\.\d+\.\d+$/, 'write a release as "1.6.1"')
    .default('1.6.1')
    .describe('Release in the image; it decides module names and flag spellings.'),
  namespace: z
    .string()
    .regex(/^[A-Za-z0-9_-]+$/)
    .default('dynamo')
    .describe('Dynamo namespace of all workers.'),
  migration_limit: z
    .int()
    .min(0)
    .optional()
    .describe('How often a request may move to another worker after a failure.'),
  tool_call_parser: text.optional().describe('Parser of tool calls, such as `deepseek_v3`.'),
  reasoning_parser: text.optional().describe('Parser of reasoning, such as `deepseek_r1`.'),
  custom_jinja_template: mountablePath.optional().describe('Chat template file on the nodes.'),
  sglang_tokenizer: z.boolean().optional().describe('Tokenize in SGLang rather than in the frontend.'),
});

export const health = z.strictObject({
  deadline: duration.prefault('2h').describe('Longest time from start to ready.'),
  stall: duration
    .prefault('20m')
    .describe('Longest time without progress (logs growing, workers registering) before ready.'),
  drain: duration.prefault('2m').describe('Before the time limit, stop serving this early.'),
});
