import * as z from 'zod';
import { duration } from './duration-schema.ts';
import { port } from './fields.ts';
import { argumentMap } from './role.ts';

export const ports = z.strictObject({
  etcd_client: port.default(2379).describe("etcd's client port. Default: 2379."),
  nats: port.default(4222).describe("NATS's client port. Default: 4222."),
  frontend: port
    .default(8180)
    .describe('Port of each frontend behind nginx, if there are several frontends. Default: 8180.'),
  rpc: port
    .default(7777)
    .describe('Request plane; the first of a block of ports, one for each process on a node. Default: 7777.'),
  system: port
    .default(8081)
    .describe(
      'System server of the workers (health, metrics, model card); the first of a block of ports. Default: 8081.',
    ),
  dist_init: port
    .default(29500)
    .describe(
      "SGLang's dist-init port and the ports after it; the first of blocks of twenty. Default: 29500.",
    ),
  bootstrap: port
    .default(30001)
    .describe(
      'Handshake between prefill and decode; the first of a block of ports, unique within the job. Default: 30001.',
    ),
  kv_events: port.default(5557).describe('KV cache events; the first of a block of ports. Default: 5557.'),
});

const etcd = z.strictObject({
  lease_ttl: duration
    .optional()
    .meta({ examples: ['60s'] })
    .describe(
      "Time until the registration of a dead worker expires. A longer TTL tolerates stalls of a busy head node; a shorter one detects failures sooner. Default: Dynamo's, 30 s in 1.6.",
    ),
  args: argumentMap
    .default({})
    .meta({ examples: [{ 'quota-backend-bytes': 8589934592 }] })
    .describe('Additional flags of etcd, without leading dashes. Default: none.'),
});

export const infra = z.strictObject({
  dedicated_node: z
    .boolean()
    .default(false)
    .describe(
      'Run etcd, NATS and nginx on a node of their own, the first, which adds a node to the job. Default: false, they share the first node with workers.',
    ),
  etcd: etcd.prefault({}).describe('etcd, the registry of workers that frontends read; it always runs.'),
  nats: z
    .union([z.boolean(), z.literal('auto')], { error: 'write true, false or auto' })
    .default('auto')
    .meta({ title: 'true, false or "auto"' })
    .describe(
      'Whether to start NATS; `auto` starts it if a plane or the Dynamo release needs it. Default: auto.',
    ),
  nats_max_payload: z
    .int()
    .min(1)
    .max(64)
    .optional()
    .describe(
      'Maximum NATS message size in MB; long prompts over `request_plane: nats` need more. Default: 1.',
    ),
  request_plane: z
    .enum(['tcp', 'nats'])
    .default('tcp')
    .describe(
      'Transport of requests to workers, for Dynamo 0.8 and later; earlier releases use NATS. Default: tcp.',
    ),
  event_plane: z
    .enum(['nats', 'zmq'])
    .default('nats')
    .describe('Transport of events, for Dynamo 0.9 and later. ZMQ has no authentication. Default: nats.'),
  bind: z
    .enum(['node', 'loopback'])
    .default('node')
    .describe(
      "Address on which etcd, NATS and workers listen: `node`, the node's address on the cluster's network; or `loopback`, 127.0.0.1, which other nodes cannot reach, for single-node jobs only. Frontends and nginx always listen on the node's address. With `loopback`, `watch` shows only the job's events, logs and metric samples, because it cannot query etcd, NATS and workers. Default: node.",
    ),
  tls: z
    .boolean()
    .default(false)
    .describe(
      'Encrypt the traffic between etcd, NATS, frontends and workers, and accept only processes of the job. The job creates a certificate at its start, for which the head node needs openssl. Requires Dynamo 1.5 or later. Default: false.',
    ),
  ports: ports
    .prefault({})
    .describe(
      'Base ports of all services. On shared nodes (`slurm.exclusive: false`) a port that is given here is always used; all others move together if a node has one of them in use.',
    ),
});
