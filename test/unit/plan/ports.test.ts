import { expect, test } from 'vitest';
import { place } from '../../../src/plan/placement.ts';
import type { Process } from '../../../src/plan/plan.ts';
import { frontendPorts, portClashes, portsOfRank, workerPorts } from '../../../src/plan/ports.ts';
import { sampleJob } from './sample-job.ts';

const bases = (sections: Readonly<Record<string, unknown>>): readonly object[] =>
  place(sampleJob(sections)).workers.map(({ name, ports }) => ({ name, ...ports }));

test('workers of a node have slots, and prefill workers a bootstrap port of their own in the job', () => {
  const sections = { prefill: { workers: 3, gpus_per_worker: 4 }, decode: { gpus_per_worker: 4 } };
  expect(bases(sections)).toEqual([
    {
      name: 'prefill-0',
      rpc: 7777,
      system: 8081,
      distInit: 29500,
      bootstrap: 30001,
      kvEvents: 5557,
      sideChannel: 5400,
      engine: 20000,
    },
    {
      name: 'prefill-1',
      rpc: 7778,
      system: 8082,
      distInit: 29520,
      bootstrap: 30002,
      kvEvents: 5558,
      sideChannel: 5401,
      engine: 20050,
    },
    {
      name: 'prefill-2',
      rpc: 7777,
      system: 8081,
      distInit: 29500,
      bootstrap: 30003,
      kvEvents: 5557,
      sideChannel: 5400,
      engine: 20000,
    },
    {
      name: 'decode-0',
      rpc: 7778,
      system: 8082,
      distInit: 29520,
      bootstrap: 30001,
      kvEvents: 5558,
      sideChannel: 5401,
      engine: 20050,
    },
  ]);
});

test('each data parallel rank has a port for KV events', () => {
  const args = { 'enable-dp-attention': true };
  const sections = {
    prefill: { workers: 2, gpus_per_worker: 2, dp: 2, args },
    decode: { gpus_per_worker: 4, dp: 4, args },
  };
  expect(bases(sections)).toMatchObject([{ kvEvents: 5557 }, { kvEvents: 5559 }, { kvEvents: 5561 }]);
});

test('CPU-only workers come after the worker of the head node', () => {
  const sections = { aggregated: { nodes: 2 }, processor: {} };
  expect(bases(sections)).toMatchObject([{ rpc: 7777 }, { rpc: 7778, system: 8082 }]);
});

test('a frontend comes after the workers of its node', () => {
  const sections = { prefill: { workers: 2, gpus_per_worker: 4 }, decode: {}, frontend: { count: 2 } };
  expect(place(sampleJob(sections)).frontends).toEqual([
    { name: 'frontend-0', node: 0, port: 8180, secondPort: 7779 },
    { name: 'frontend-1', node: 1, port: 8180, secondPort: 7778 },
  ]);
});

const RENDEZVOUS = ['--dist-init-addr', 'x:29500'];

test.each([
  [
    'a prefill worker of two nodes',
    { prefill: { nodes: 2, dp: 16, kv_events: true, args: { 'enable-dp-attention': true } }, decode: {} },
    RENDEZVOUS,
    [
      { use: 'rpc', port: 7777, count: 1, address: 'node', guard: 'none' },
      { use: 'system', port: 8081, count: 1, address: 'node', guard: 'none' },
      { use: 'dist-init', port: 29500, count: 7, address: 'all', guard: 'none' },
      { use: 'dp-handshake', port: 29513, count: 1, address: 'node', guard: 'none' },
      { use: 'bootstrap', port: 30001, count: 1, address: 'node', guard: 'none' },
      { use: 'kv-events', port: 5557, count: 16, address: 'all', guard: 'none' },
    ],
  ],
  [
    'a worker with DP attention that shares its node',
    { aggregated: { workers: 2, gpus_per_worker: 4, dp: 4, args: { 'enable-dp-attention': true } } },
    [...RENDEZVOUS, '--nccl-port', '29507'],
    [
      { use: 'rpc', port: 7777, count: 1, address: 'node', guard: 'none' },
      { use: 'system', port: 8081, count: 1, address: 'node', guard: 'none' },
      { use: 'dist-init', port: 29500, count: 7, address: 'all', guard: 'none' },
      { use: 'nccl', port: 29507, count: 1, address: 'all', guard: 'none' },
      { use: 'dp-handshake', port: 29513, count: 1, address: 'node', guard: 'none' },
    ],
  ],
  [
    'a worker that is given no address for its ranks',
    { aggregated: {} },
    [],
    [
      { use: 'rpc', port: 7777, count: 1, address: 'node', guard: 'none' },
      { use: 'system', port: 8081, count: 1, address: 'node', guard: 'none' },
    ],
  ],
  [
    'a worker of Dynamo 0.x',
    { aggregated: { nodes: 2 }, dynamo: { version: '0.6.1' } },
    RENDEZVOUS,
    [
      { use: 'system', port: 8081, count: 1, address: 'node', guard: 'none' },
      { use: 'dist-init', port: 29500, count: 7, address: 'all', guard: 'none' },
    ],
  ],
  [
    'a worker that gets requests over NATS',
    { aggregated: {}, infra: { request_plane: 'nats' } },
    [],
    [{ use: 'system', port: 8081, count: 1, address: 'node', guard: 'none' }],
  ],
])('%s listens', (_, sections, argv, expected) => {
  const job = sampleJob(sections);
  const [worker] = place(job).workers;
  expect(worker && workerPorts(job, worker, argv)).toEqual(expected);
});

test('ranks above 0 listen neither for their worker nor for decode workers', () => {
  const job = sampleJob({ prefill: { nodes: 2 }, decode: {} });
  const [worker] = place(job).workers;
  expect(worker && portsOfRank(workerPorts(job, worker, RENDEZVOUS), 1)).toEqual([
    { use: 'rpc', port: 7777, count: 1, address: 'node', guard: 'none' },
    { use: 'system', port: 8081, count: 1, address: 'node', guard: 'none' },
  ]);
});

test('only frontends of Dynamo 1.x have a planned port for responses', () => {
  expect(frontendPorts(sampleJob({ aggregated: {} }), 8000, 7778)).toEqual([
    { use: 'frontend', port: 8000, count: 1, address: 'node', guard: 'none' },
    { use: 'responses', port: 7778, count: 1, address: 'node', guard: 'none' },
  ]);
  expect(frontendPorts(sampleJob({ aggregated: {}, dynamo: { version: '0.6.1' } }), 8000, 7778)).toEqual([
    { use: 'frontend', port: 8000, count: 1, address: 'node', guard: 'none' },
  ]);
});

test('two owners of a port on one node clash, on two nodes they do not', () => {
  const process = (name: string, nodeIndex: number, port: number, count: number): Process => ({
    name,
    kind: 'worker',
    role: 'decode',
    worker: 0,
    nodeIndex,
    nodeRank: 0,
    gpus: [],
    argv: [],
    env: {},
    ports: [{ port, count, use: 'dist-init', address: 'all', guard: 'none' }],
  });
  expect(
    portClashes([process('a', 0, 29500, 7), process('b', 0, 29506, 7), process('c', 1, 29500, 7)]),
  ).toEqual(['node 0: port 29506 of a and b']);
});
