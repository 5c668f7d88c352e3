import * as z from 'zod';
import { duration } from './duration.ts';
import { environment } from './environment.ts';
import { count, mount, mountablePath, port, text } from './fields.ts';
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
  path: mountablePath
    .meta({ examples: ['/lustre/models/DeepSeek-R1', 'dsr1'] })
    .describe(
      'Folder of the model on the nodes, from the root of the file system; an alias from `models` of the cluster profile; or a name of the Hugging Face hub, for which `HF_HOME` in the `env` of workers and frontends names a cache. A snapshot in such a cache is mounted with the files that it links to.',
    ),
  served_name: text
    .optional()
    .meta({ examples: ['deepseek-ai/DeepSeek-R1'] })
    .describe('Name that clients ask for. Default: the topology’s, else the last part of the path.'),
});

export const container = z.strictObject({
  image: text
    .meta({
      examples: ['/lustre/images/dynamo-sglang.sqsh', 'nvcr.io#nvidia/ai-dynamo/sglang-runtime:1.6.1'],
    })
    .describe(
      'Image for pyxis: a .sqsh file by its path from the root, a registry reference such as REGISTRY/IMAGE:TAG (without a registry, Docker Hub’s), `dockerd://` or `podman://`, or an alias from `images` of the cluster profile.',
    ),
  mounts: z
    .array(mount)
    .default([])
    .describe(
      'Further mounts, HOST:CONTAINER[:ro]. The model’s folder and the run folder are mounted at their own paths anyway. Default: none.',
    ),
});

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

export const ports = z.strictObject({
  etcd_client: port.default(2379).describe('etcd, for its clients. Default: 2379.'),
  nats: port.default(4222).describe('NATS, for its clients. Default: 4222.'),
  frontend: port.default(8180).describe('Frontends behind nginx, where there are several. Default: 8180.'),
  rpc: port
    .default(7777)
    .describe(
      'Request plane of each process; the base of a block, one for each process of a node. Default: 7777.',
    ),
  system: port
    .default(8081)
    .describe('Workers’ system server (health, metrics, model card); the base of a block. Default: 8081.'),
  dist_init: port
    .default(29500)
    .describe('SGLang’s dist-init and the ports after it; the base of blocks of twenty. Default: 29500.'),
  bootstrap: port
    .default(30001)
    .describe('Handshake of prefill and decode; the base of a block, unique in the job. Default: 30001.'),
  kv_events: port.default(5557).describe('KV cache events; the base of a block. Default: 5557.'),
});

const etcd = z.strictObject({
  lease_ttl: duration
    .optional()
    .meta({ examples: ['60s'] })
    .describe(
      'How long a worker that died stays registered. A longer one outlives stalls of a loaded head node, a shorter one notices deaths sooner. Default: Dynamo’s own, 30 s in 1.6.',
    ),
  args: argumentMap
    .default({})
    .meta({ examples: [{ 'quota-backend-bytes': 8589934592 }] })
    .describe('Further flags of etcd, without leading dashes. Default: none.'),
});

export const infra = z.strictObject({
  dedicated_node: z
    .boolean()
    .default(false)
    .describe(
      'Give etcd, NATS and nginx a node of their own, the first: one more node. Default: false, they share the first node with workers.',
    ),
  etcd: etcd.prefault({}).describe('etcd, by which frontends find workers; it always runs.'),
  nats: z
    .union([z.boolean(), z.literal('auto')], { error: 'write true, false or auto' })
    .default('auto')
    .meta({ title: 'true, false or "auto"' })
    .describe('Start NATS. `auto`: where a plane or the Dynamo version needs it. Default: auto.'),
  nats_max_payload: z
    .int()
    .min(1)
    .max(64)
    .optional()
    .describe(
      'Largest message of NATS, in MB; long prompts over `request_plane: nats` need more. Default: 1.',
    ),
  request_plane: z
    .enum(['tcp', 'nats'])
    .default('tcp')
    .describe('How requests reach workers, from Dynamo 0.8 on; older ones use NATS. Default: tcp.'),
  event_plane: z
    .enum(['nats', 'zmq'])
    .default('nats')
    .describe('How events travel, from Dynamo 0.9 on. ZMQ has no authentication. Default: nats.'),
  bind: z
    .enum(['node', 'loopback'])
    .default('node')
    .describe(
      'Where etcd, NATS and workers listen for the rest of the job: `node`, the address of their node that the job chose; `loopback`, 127.0.0.1, which other nodes cannot reach, for a job of one node. Frontends and nginx listen at the node’s address in any case. With `loopback` `watch` does not see etcd, NATS and workers themselves, only the job’s events, logs and samples of metrics. Default: node.',
    ),
  tls: z
    .boolean()
    .default(false)
    .describe(
      'Encrypt what etcd, NATS, frontends and workers say to each other, and let in only processes of the job: with a certificate that the job makes at its start, for which the head node needs openssl. From Dynamo 1.5 on. Default: false.',
    ),
  ports: ports
    .prefault({})
    .describe(
      'Base ports of everything that listens. One that is given stays; all others are moved where a node has them in use.',
    ),
});

export const dynamo = z.strictObject({
  version: z
    .string()
    .regex(/^\d{1,4}\.\d{1,4}\.\d{1,4}$/, 'write a release of Dynamo as "1.6.1"')
    .default('1.6.1')
    .meta({ examples: ['1.6.1', '0.4.1'] })
    .describe(
      'Release of Dynamo in the image, as text; it decides module names and spellings of flags. Default: 1.6.1.',
    ),
  namespace: z
    .string()
    .regex(/^[A-Za-z0-9_-]+$/, 'use letters, digits, dashes and underscores')
    .default('dynamo')
    .describe('Dynamo namespace of all workers. Default: dynamo.'),
  migration_limit: z
    .int()
    .min(0)
    .optional()
    .describe(
      'How often a request may move to another worker when its own fails or is restarted, 0 or more. Default: 3; before Dynamo 1.0, only where a role may restart or is not critical, else Dynamo’s, 0.',
    ),
  tool_call_parser: text
    .optional()
    .meta({ examples: ['deepseek_v3', 'hermes'] })
    .describe('Parser of tool calls in the model’s output. Default: none.'),
  reasoning_parser: text
    .optional()
    .meta({ examples: ['deepseek_r1', 'qwen3'] })
    .describe('Parser of reasoning in the model’s output. Default: none.'),
  custom_jinja_template: mountablePath
    .optional()
    .describe('Chat template, a file on the nodes. Default: the model’s own.'),
  sglang_tokenizer: z
    .boolean()
    .optional()
    .describe('Tokenize in SGLang rather than in the frontend. Default: Dynamo’s, the frontend.'),
});

/** Observers read these of plan.json. */
const stages = z.strictObject({
  weights: duration.prefault('15m').describe('No shard of the weights is read. Default: 15m.'),
  kv_cache: duration.prefault('5m').describe('The KV cache is not allocated. Default: 5m.'),
  graphs: duration.prefault('10m').describe('No CUDA graph is captured. Default: 10m.'),
  deep_gemm: duration.prefault('30m').describe('No DeepGEMM kernel is compiled. Default: 30m.'),
  warm_up: duration.prefault('30m').describe('The warm-up does not end. Default: 30m.'),
});

export const health = z.strictObject({
  deadline: duration
    .prefault('2h')
    .describe('Longest time from the start of the job to ready; the job fails after it. Default: 2h.'),
  stall: duration
    .prefault('20m')
    .describe(
      'Longest time without progress (logs growing, workers registering) before ready; the job fails after it. Default: 20m.',
    ),
  stages: stages
    .prefault({})
    .describe(
      'Longest time without progress in one stage of a worker’s start, by its log; whoever watches is told after it that the stage is stuck, and the job goes on.',
    ),
  lost: duration
    .prefault('5m')
    .describe(
      'Longest time that etcd does not answer, or that a worker that runs is not registered in it, once the service was ready; then it counts as lost. Default: 5m.',
    ),
  drain: duration
    .prefault('2m')
    .describe(
      'How long before the time limit new requests are refused; those that are under way have all of it but half a minute. Default: 2m.',
    ),
  preflight: z
    .boolean()
    .default(true)
    .describe(
      'Ask every node before anything starts whether it is fit: GPUs, model, image, ports, local_dir, clock. Default: true.',
    ),
});
