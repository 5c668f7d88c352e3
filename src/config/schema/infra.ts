import * as z from 'zod';
import { duration } from './duration-schema.ts';
import { port } from './fields.ts';
import { argumentMap } from './role.ts';

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
