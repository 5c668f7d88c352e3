import { expect, test } from 'vitest';
import type { Problem } from '../../../src/config/yaml/problem.ts';
import { checkRules } from '../../../src/plan/rules/check-rules.ts';
import { sampleJob } from '../plan/sample-job.ts';

type Sections = Readonly<Record<string, unknown>>;

function problems(sections: Sections, cluster: Sections = {}): readonly Problem[] {
  const job = sampleJob(sections, cluster);
  return checkRules(job).problems;
}

/** A job without problems, to spoil in one point. */
const ONE_NODE_EACH = { prefill: {}, decode: {} };

test.each<[string, Sections]>([
  ['prefill and decode', ONE_NODE_EACH],
  ['aggregated', { aggregated: {} }],
  [
    'two small workers of different roles on one node',
    { prefill: { gpus_per_worker: 4 }, decode: { gpus_per_worker: 4 } },
  ],
  [
    'WideEP',
    {
      prefill: { nodes: 4, tp: 'gpus', dp: 'gpus', args: { 'enable-dp-attention': true } },
      decode: { nodes: 4, tp: 32, dp: 32, ep: 32, args: { enable_dp_attention: true } },
    },
  ],
  ['nodes and gpus_per_worker that agree', { aggregated: { workers: 4, nodes: 2, gpus_per_worker: 4 } }],
  ['an odd number of small workers', { aggregated: { workers: 2, nodes: 1, gpus_per_worker: 4 } }],
  ['pipeline parallelism over nodes', { aggregated: { nodes: 2, pp: 2 } }],
  ['data parallelism on one node', { aggregated: { tp: 4, dp: 2 } }],
  ['CPU-only helpers', { aggregated: {}, processor: {}, router: { gpus_per_worker: 0 } }],
  ['workers that may be lost', { aggregated: { workers: 2, critical: false } }],
  ['as many frontends as nodes', { ...ONE_NODE_EACH, frontend: { count: 2 } }],
  [
    'the KV router with events',
    { ...ONE_NODE_EACH, decode: { kv_events: true }, frontend: { router_mode: 'kv' } },
  ],
  [
    'the KV router with events configured by hand',
    { aggregated: { args: { 'kv-events-config': '{}' } }, frontend: { router_mode: 'kv' } },
  ],
  [
    'the KV router that predicts',
    { ...ONE_NODE_EACH, frontend: { router_mode: 'kv', router: { kv_events: false } } },
  ],
  ['Dynamo 0.x', { ...ONE_NODE_EACH, dynamo: { version: '0.6.1' } }],
  [
    'segments of whole workers',
    {
      gpu: 'gb200',
      slurm: { account: 'a', partition: 'p', time: '1h', segment: 2 },
      prefill: { nodes: 2 },
      decode: { workers: 2, nodes: 4 },
    },
  ],
])('%s is fine', (_, sections) => {
  expect(problems(sections)).toEqual([]);
});

test('a site may have fewer GPUs on a node', () => {
  expect(problems({ aggregated: { gpus_per_worker: 8 } }, { gpus_per_node: 4 })).toEqual([]);
});

test('an unknown GPU model stops only the rules that need its size', () => {
  expect(problems({ gpu: 'h1000', prefill: { nodes: 3, workers: 2 } })).toEqual([
    {
      severity: 'error',
      path: ['prefill'],
      at: 'key',
      message: 'prefill workers cannot serve requests without decode workers',
      hint: 'add a "decode" role, or use "aggregated" for workers that do both',
    },
  ]);
});

const slurm = { account: 'acct', partition: 'batch', time: '4h' };

test.each<[string, Sections, Problem]>([
  [
    'no role',
    { encode: {} },
    {
      severity: 'error',
      path: [],
      message: 'no role answers requests',
      hint: 'name a topology, or add "prefill" and "decode", or "aggregated"',
    },
  ],
  [
    'decode alone',
    { decode: {} },
    {
      severity: 'error',
      path: ['decode'],
      at: 'key',
      message: 'decode workers cannot serve requests without prefill workers',
      hint: 'add a "prefill" role, or use "aggregated" for workers that do both',
    },
  ],
  [
    'both modes',
    { ...ONE_NODE_EACH, aggregated: {} },
    {
      severity: 'error',
      path: ['aggregated'],
      at: 'key',
      message:
        'aggregated workers do prefill and decode themselves, and cannot be combined with "prefill" and "decode"',
      hint: 'remove one of them; null removes a role that the topology sets',
    },
  ],
  [
    'one endpoint for two roles',
    { prefill: { endpoint: 'dyn://ns.w.generate' }, decode: { endpoint: 'dyn://ns.w.generate' } },
    {
      severity: 'error',
      path: ['decode', 'endpoint'],
      message: 'prefill workers already register dyn://ns.w.generate, so requests could reach either role',
      hint: 'give each role its own endpoint',
    },
  ],
  [
    'nodes that workers do not divide',
    { aggregated: { workers: 2, nodes: 3 } },
    {
      severity: 'error',
      path: ['aggregated', 'nodes'],
      message: '3 nodes cannot be divided among 2 workers',
      hint: 'use a multiple of 2, or gpus_per_worker instead of nodes to put several workers on a node',
    },
  ],
  [
    'more workers than nodes',
    { aggregated: { workers: 2, nodes: 1 } },
    {
      severity: 'error',
      path: ['aggregated', 'nodes'],
      message: '1 node cannot be divided among 2 workers',
      hint: 'use a multiple of 2, or gpus_per_worker instead of nodes to put several workers on a node',
    },
  ],
  [
    'GPUs that nodes cannot share evenly',
    { aggregated: { gpus_per_worker: 9 } },
    {
      severity: 'error',
      path: ['aggregated', 'gpus_per_worker'],
      message: 'a worker of 9 GPUs takes 2 nodes of 8 GPUs, and engines need the same number of GPUs on each',
      hint: 'use 8 or 10',
    },
  ],
  [
    'no GPU for a role that needs one',
    { aggregated: { gpus_per_worker: 0 } },
    {
      severity: 'error',
      path: ['aggregated', 'gpus_per_worker'],
      message: 'aggregated workers need at least one GPU each',
      hint: 'use 1 to 8, or a multiple of 8',
    },
  ],
  [
    'nodes and gpus_per_worker that disagree',
    { aggregated: { workers: 5, nodes: 2, gpus_per_worker: 4 } },
    {
      severity: 'error',
      path: ['aggregated', 'nodes'],
      message: '5 workers of 4 GPUs need 3 nodes of 8 GPUs, not 2',
      hint: 'use 3 or more, or leave nodes out; null removes a value that the topology sets',
    },
  ],
  [
    'fewer nodes than workers that are spread',
    { aggregated: { workers: 3, nodes: 2, gpus_per_worker: 2, spread: true } },
    {
      severity: 'error',
      path: ['aggregated', 'nodes'],
      message: '3 workers of 2 GPUs, each on a node of its own, need 3 nodes of 8 GPUs, not 2',
      hint: 'use 3 or more, or leave nodes out; null removes a value that the topology sets',
    },
  ],
  [
    'nodes for a CPU-only role',
    { aggregated: {}, router: { nodes: 1, gpus_per_worker: 0 } },
    {
      severity: 'error',
      path: ['router', 'nodes'],
      message: 'workers without GPUs run on the head node and take no node of their own',
      hint: 'give either nodes or gpus_per_worker; null removes a value that the topology sets',
    },
  ],
  [
    'a million nodes',
    { aggregated: { nodes: 1_000_000 } },
    {
      severity: 'error',
      path: ['aggregated', 'nodes'],
      message: '1 worker would take 1000000 nodes; Slurm supports at most 65536',
    },
  ],
  [
    'the largest number of workers',
    { aggregated: { workers: Number.MAX_SAFE_INTEGER, gpus_per_worker: 1 } },
    {
      severity: 'error',
      path: ['aggregated', 'workers'],
      message: '9007199254740991 workers would take 9007199254740991 nodes; Slurm supports at most 65536',
    },
  ],
  [
    'too many ranks',
    { aggregated: { tp: 8, pp: 2 } },
    {
      severity: 'error',
      path: ['aggregated', 'tp'],
      message: 'tp 8 × pp 2 needs 16 GPUs, but each aggregated worker has 8',
      hint: 'lower a size, or give each worker more nodes or GPUs',
    },
  ],
  [
    'data parallel replicas without DP attention',
    { aggregated: { tp: 8, dp: 8 } },
    {
      severity: 'error',
      path: ['aggregated', 'tp'],
      message: 'tp 8 × dp 8 needs 64 GPUs, but each aggregated worker has 8',
      hint: 'set `enable-dp-attention: true` in args if dp is to split the tensor parallel ranks instead of adding GPUs',
    },
  ],
  [
    'idle GPUs of a worker',
    { aggregated: { tp: 6 } },
    {
      severity: 'warning',
      path: ['aggregated', 'tp'],
      message: 'tp 6 uses 6 of the 8 GPUs of each aggregated worker; 2 stay idle',
    },
  ],
  [
    'tp above the GPUs',
    { aggregated: { tp: 16 } },
    {
      severity: 'error',
      path: ['aggregated', 'tp'],
      message: 'tp is 16, but each aggregated worker has 8 GPUs',
      hint: 'give each worker more nodes or GPUs, or another size',
    },
  ],
  [
    'ep above the GPUs',
    { aggregated: { ep: 9 } },
    {
      severity: 'error',
      path: ['aggregated', 'ep'],
      message: 'ep is 9, but each aggregated worker has 8 GPUs',
      hint: 'give each worker more nodes or GPUs, or another size',
    },
  ],
  [
    'gpus-N of a small worker',
    { aggregated: { tp: 'gpus-8' } },
    {
      severity: 'error',
      path: ['aggregated', 'tp'],
      message: 'gpus-8 is 0, but each aggregated worker has 8 GPUs',
      hint: 'give each worker more nodes or GPUs, or another size',
    },
  ],
  [
    'ep that does not divide tp',
    { aggregated: { tp: 8, ep: 3 } },
    {
      severity: 'error',
      path: ['aggregated', 'ep'],
      message: 'ep 3 does not divide tp 8: experts are spread over the tensor parallel ranks',
    },
  ],
  [
    'dp that does not divide tp',
    { aggregated: { tp: 8, dp: 3, args: { 'enable-dp-attention': true } } },
    {
      severity: 'error',
      path: ['aggregated', 'dp'],
      message: 'with DP attention, dp 3 must divide tp 8',
    },
  ],
  [
    'DP attention without dp',
    { aggregated: { flags: ['--enable-dp-attention'] } },
    {
      severity: 'warning',
      path: ['aggregated'],
      message: 'SGLang ignores enable-dp-attention while dp is 1',
      hint: 'set dp, often to `gpus`',
    },
  ],
  [
    'a worker that may be lost, and has no other beside it',
    { aggregated: { critical: false } },
    {
      severity: 'warning',
      path: ['aggregated', 'critical'],
      message: 'has no effect: losing the only aggregated worker always ends the job',
      hint: 'give the role more workers, or let it restart',
    },
  ],
  [
    'data parallelism over nodes without DP attention',
    { aggregated: { nodes: 2, tp: 8, dp: 2 } },
    {
      severity: 'error',
      path: ['aggregated', 'dp'],
      message: 'SGLang spreads data parallel ranks over 2 nodes only with enable-dp-attention',
      hint: 'set `enable-dp-attention: true` in aggregated.args, or use more workers instead of dp',
    },
  ],
  [
    'GPUs given to nobody',
    { prefill: { gpus_per_worker: 1 }, decode: { workers: 2, gpus_per_worker: 4 } },
    {
      severity: 'warning',
      path: ['decode', 'gpus_per_worker'],
      message: '7 of the 16 GPUs on 2 nodes are not used by any worker',
      hint: 'use more or larger workers to fill the nodes of 8 GPUs',
    },
  ],
  [
    'a segment that does not divide the nodes',
    { prefill: { nodes: 2 }, decode: { nodes: 4 }, slurm: { ...slurm, segment: 4 } },
    {
      severity: 'error',
      path: ['slurm', 'segment'],
      message: '6 nodes cannot be divided into segments of 4',
      hint: 'use 1, 2, 3, 6',
    },
  ],
  [
    'a segment larger than a rack',
    { gpu: 'gb200', aggregated: { workers: 20, nodes: 20 }, slurm: { ...slurm, segment: 20 } },
    {
      severity: 'error',
      path: ['slurm', 'segment'],
      message: 'a segment of 20 nodes is larger than an NVLink domain of gb200, which has 18',
      hint: 'use 1, 2, 4, 5, 10',
    },
  ],
  [
    'segments that split workers',
    { gpu: 'gb200', prefill: { nodes: 3 }, decode: { nodes: 3 }, slurm: { ...slurm, segment: 2 } },
    {
      severity: 'warning',
      path: ['slurm', 'segment'],
      message: 'segments of 2 nodes split 2 workers, the first of them prefill worker 0 on nodes 0 to 2',
      hint: 'use a segment size into which whole workers fit',
    },
  ],
  [
    'a worker larger than a rack',
    { gpu: 'gb200', aggregated: { nodes: 19 }, slurm: { ...slurm, segment: 1 } },
    {
      severity: 'warning',
      path: ['aggregated', 'nodes'],
      message:
        'each aggregated worker spans 19 nodes, but an NVLink domain of gb200 has 18: this will be slow',
      hint: 'use at most 18 nodes for a worker',
    },
  ],
  [
    'several racks without segments',
    { gpu: 'gb200', aggregated: { workers: 10, nodes: 20 } },
    {
      severity: 'warning',
      path: ['slurm'],
      at: 'key',
      message:
        '20 nodes of gb200 span more than one NVLink domain of 18 nodes, so Slurm may split a worker across two',
      hint: 'set slurm.segment, so that whole workers share a rack (Slurm 24.05 and later)',
    },
  ],
  [
    'nats: false with the default event plane',
    { aggregated: {}, infra: { nats: false } },
    {
      severity: 'error',
      path: ['infra', 'nats'],
      message: '`event_plane: nats` needs NATS',
      hint: 'remove this line, or set request_plane: tcp and event_plane: zmq, which has no authentication',
    },
  ],
  [
    'nats: false with requests over NATS',
    { aggregated: {}, infra: { nats: false, request_plane: 'nats' } },
    {
      severity: 'error',
      path: ['infra', 'nats'],
      message: '`request_plane: nats` needs NATS',
      hint: 'remove this line, or set request_plane: tcp and event_plane: zmq, which has no authentication',
    },
  ],
  [
    'nats: false on Dynamo 0.x',
    { aggregated: {}, infra: { nats: false }, dynamo: { version: '0.6.1' } },
    {
      severity: 'error',
      path: ['infra', 'nats'],
      message: 'Dynamo 0.6.1 needs NATS',
      hint: 'remove this line',
    },
  ],
  [
    'loopback between nodes',
    { prefill: {}, decode: {}, infra: { bind: 'loopback' } },
    {
      severity: 'error',
      path: ['infra', 'bind'],
      message:
        'loopback requires a single-node job, but this one has 2 nodes, which could not reach each other',
      hint: 'remove this line; `infra.tls: true` protects a job on several nodes',
    },
  ],
  [
    'TLS before its release',
    { aggregated: {}, infra: { tls: true }, dynamo: { version: '1.4.2' } },
    {
      severity: 'error',
      path: ['infra', 'tls'],
      message: 'Dynamo 1.4.2 cannot encrypt its traffic; TLS was added in 1.5',
      hint: 'remove this line, or use an image with Dynamo 1.5 or later',
    },
  ],
  [
    'a variable of TLS',
    { aggregated: { env: { DYN_TCP_TLS_INSECURE: '1' } } },
    {
      severity: 'error',
      path: ['aggregated', 'env', 'DYN_TCP_TLS_INSECURE'],
      at: 'key',
      message: 'DYN_TCP_TLS_INSECURE is set by dyn-slurm, from infra.tls',
      hint: 'remove it here, and set infra.tls instead',
    },
  ],
  [
    'an argument of TLS',
    { aggregated: {}, frontend: { args: { 'tcp-tls-cert-path': 'x' } } },
    {
      severity: 'error',
      path: ['frontend', 'args', 'tcp-tls-cert-path'],
      at: 'key',
      message: '--tcp-tls-cert-path is set by dyn-slurm, from infra.tls',
      hint: 'remove it here, and set infra.tls instead',
    },
  ],
  [
    'events over ZMQ',
    { aggregated: {}, infra: { event_plane: 'zmq' } },
    {
      severity: 'warning',
      path: ['infra', 'event_plane'],
      message:
        'ZMQ has no authentication: anyone who can reach the nodes can read the events, which contain prompt tokens',
      hint: 'use nats, the default',
    },
  ],
  [
    'a router mode that the release lacks',
    { aggregated: {}, frontend: { router_mode: 'least-loaded' }, dynamo: { version: '1.0.2' } },
    {
      severity: 'error',
      path: ['frontend', 'router_mode'],
      message: 'Dynamo 1.0.2 has no router mode least-loaded; it was added in 1.1',
      hint: 'use round-robin, random, kv, direct',
    },
  ],
  [
    'a router mode that Dynamo 0.x lacks',
    { aggregated: {}, frontend: { router_mode: 'direct' }, dynamo: { version: '0.6.1' } },
    {
      severity: 'error',
      path: ['frontend', 'router_mode'],
      message: 'Dynamo 0.6.1 has no router mode direct; it was added in 1.0',
      hint: 'use round-robin, random, kv',
    },
  ],
  [
    'the KV router without events',
    { aggregated: {}, frontend: { router_mode: 'kv' } },
    {
      severity: 'warning',
      path: ['frontend', 'router_mode'],
      message: 'the KV router subscribes to cache events, but no worker publishes any',
      hint: 'set `kv_events: true` for a role, or `kv_events: false` under frontend.router to predict the caches',
    },
  ],
  [
    'a frontend argument that a field sets',
    { aggregated: {}, frontend: { args: { http_port: 9000 } } },
    {
      severity: 'error',
      path: ['frontend', 'args', 'http_port'],
      at: 'key',
      message: '--http-port is set by dyn-slurm, from frontend.port',
      hint: 'remove it here, and set frontend.port instead',
    },
  ],
  [
    'a variable that dyn-slurm sets',
    { aggregated: { env: { ETCD_ENDPOINTS: 'http://other:2379' } } },
    {
      severity: 'error',
      path: ['aggregated', 'env', 'ETCD_ENDPOINTS'],
      at: 'key',
      message: "ETCD_ENDPOINTS is set by dyn-slurm, from the job's own etcd",
      hint: 'remove it here',
    },
  ],
  [
    'shared nodes',
    { aggregated: {}, slurm: { ...slurm, exclusive: false } },
    {
      severity: 'warning',
      path: ['slurm', 'exclusive'],
      message: 'without exclusive nodes, other users of the nodes can reach etcd, NATS and the frontend',
      hint: 'remove this line',
    },
  ],
  [
    'a drain longer than the job',
    { aggregated: {}, slurm: { ...slurm, time: '60s' } },
    {
      severity: 'error',
      path: ['health', 'drain'],
      message: 'draining 120 s before the time limit of 60 s leaves no time to serve',
      hint: 'increase slurm.time or decrease health.drain',
    },
  ],
])('%s is reported', (_, sections, problem) => {
  expect(problems(sections)).toEqual([problem]);
});

test('a container that the site cannot run is reported', () => {
  const sections = { aggregated: {}, container: { image: 'nvcr.io#nvidia/dynamo' } };
  expect(problems(sections, { container_runtime: 'none' })).toEqual([
    {
      severity: 'warning',
      path: ['container'],
      at: 'key',
      message:
        'the cluster profile has container_runtime: none, so everything runs on the host and the image is not used',
      hint: 'set container_runtime: pyxis in the cluster profile if the cluster has it',
    },
  ]);
});

test('a site with absurdly many GPUs on a node is reported', () => {
  expect(problems({ aggregated: {} }, { gpus_per_node: 1_000_000_000 })).toEqual([
    {
      severity: 'error',
      path: ['gpu'],
      message: 'the cluster profile sets gpus_per_node to 1000000000, but no machine has more than 64 GPUs',
      hint: 'correct gpus_per_node in the cluster profile',
    },
  ]);
});

test('published recipes that set GPUs aside are warned about, not refused', () => {
  const recipe = { tp: 'gpus-2', dp: 'gpus-2', ep: 'gpus-2', args: { 'enable-dp-attention': true } };
  expect(problems({ gpu: 'gb200', prefill: { nodes: 4, ...recipe }, decode: {} })).toEqual([
    {
      severity: 'warning',
      path: ['prefill', 'tp'],
      message: 'tp 14 uses 14 of the 16 GPUs of each prefill worker; 2 stay idle',
    },
    {
      severity: 'warning',
      path: ['prefill', 'tp'],
      message: 'SGLang needs tp × pp (14) to divide by the 4 nodes of each prefill worker',
      hint: 'use a multiple of 4',
    },
  ]);
});

test('a tp that the nodes do not divide is an error where it is a number', () => {
  expect(problems({ gpu: 'gb200', prefill: { nodes: 4, tp: 14 }, decode: {} })).toContainEqual({
    severity: 'error',
    path: ['prefill', 'tp'],
    message: 'SGLang needs tp × pp (14) to divide by the 4 nodes of each prefill worker',
    hint: 'use a multiple of 4',
  });
});

test('stages of SGLang that nodes cannot hold whole, or share', () => {
  expect(problems({ gpu: 'gb200', aggregated: { nodes: 3, tp: 6, pp: 2 } })).toContainEqual({
    severity: 'error',
    path: ['aggregated', 'pp'],
    message:
      'is 2, but SGLang puts whole stages on a node, or a stage on whole nodes, and each aggregated worker has 3 nodes',
    hint: 'use a multiple of 3, or a number that divides it',
  });
});

test('everything is reported at once', () => {
  const found = problems({
    prefill: { workers: 2, nodes: 3 },
    decode: { gpus_per_worker: 17 },
    aggregated: {},
    frontend: { router_mode: 'kv', args: { 'router-mode': 'kv' } },
    infra: { nats: false },
  });
  expect(found.map(({ path }) => path.join('.'))).toEqual([
    'aggregated',
    'prefill.nodes',
    'decode.gpus_per_worker',
    'infra.nats',
    'frontend.router_mode',
    'frontend.args.router-mode',
  ]);
});
