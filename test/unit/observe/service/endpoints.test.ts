import { expect, test } from 'vitest';
import { endpointsOf, type ServiceEndpoints } from '../../../../src/observe/service/endpoints.ts';
import { instancesEvent, parseRegistration } from '../../../../src/observe/service/registrations.ts';
import type { RunEventBody } from '../../../../src/run/events.ts';
import { type PlanFile, parsePlan } from '../../../../src/run/plan-file.ts';
import { stateAfter } from '../../../../src/run/state.ts';

const port = (number: number, use: string, count = 1) => ({ port: number, count, use });

const PLANNED = planOf({
  processes: [
    { name: 'etcd', kind: 'etcd', role: null, nodeIndex: 0, nodeRank: 0, ports: [port(2379, 'etcd-client')] },
    { name: 'nats', kind: 'nats', role: null, nodeIndex: 0, nodeRank: 0, ports: [port(4222, 'nats')] },
    {
      name: 'frontend-0',
      kind: 'frontend',
      role: null,
      nodeIndex: 0,
      nodeRank: 0,
      ports: [port(8000, 'frontend')],
    },
    ...[0, 1].map((rank) => ({
      name: 'prefill-0',
      kind: 'worker',
      role: 'prefill',
      nodeIndex: rank,
      nodeRank: rank,
      ports: [port(7777, 'rpc'), port(8081, 'system')],
    })),
    {
      name: 'decode-0',
      kind: 'worker',
      role: 'decode',
      nodeIndex: 2,
      nodeRank: 0,
      ports: [port(7778, 'rpc'), port(8082, 'system')],
    },
  ],
  readiness: {
    model: 'm',
    readyRoute: true,
    endpoints: [
      { role: 'prefill', namespace: 'dynamo', component: 'prefill', endpoint: 'generate', workers: 1 },
      { role: 'decode', namespace: 'dynamo', component: 'backend', endpoint: 'generate', workers: 1 },
    ],
  },
});

function planOf(written: object): PlanFile {
  return parsePlan(JSON.stringify(written)) as PlanFile;
}

const NODES = ['10.0.0.7', '10.0.0.8', '10.0.0.9'].map((ip, index) => ({ index, host: `node${index}`, ip }));

const placesAfter = (plan: PlanFile, ...bodies: readonly RunEventBody[]) =>
  endpointsOf(
    plan,
    stateAfter(
      [{ kind: 'nodes-bound', nodes: NODES } as const, ...bodies].map((body) => ({
        time: '2025-11-24T14:00:00.000Z',
        ...body,
      })),
    ),
  );

test('finds what listens where; of a worker its leader, and where each of its nodes may register', () => {
  expect(placesAfter(PLANNED)).toEqual({
    etcd: { address: '10.0.0.7', port: 2379 },
    nats: { address: '10.0.0.7', port: 4222 },
    frontends: [{ step: 'frontend-0', address: '10.0.0.7', port: 8000 }],
    workers: [
      {
        step: 'prefill-0',
        role: 'prefill',
        system: { address: '10.0.0.7', port: 8081 },
        registers: ['10.0.0.7:7777', '10.0.0.8:7777'],
      },
      {
        step: 'decode-0',
        role: 'decode',
        system: { address: '10.0.0.9', port: 8082 },
        registers: ['10.0.0.9:7778'],
      },
    ],
    readiness: PLANNED.readiness,
  });
});

test('looks for nothing that listens at the loopback address of its node', () => {
  const inside = ['etcd-client', 'nats', 'rpc', 'system'];
  const processes = PLANNED.processes.map((process) => ({
    ...process,
    ports: process.ports.map((port) => (inside.includes(port.use) ? { ...port, loopback: true } : port)),
  }));
  expect(placesAfter({ ...PLANNED, processes })).toEqual({
    frontends: [{ step: 'frontend-0', address: '10.0.0.7', port: 8000 }],
    workers: [
      { step: 'prefill-0', role: 'prefill', registers: [] },
      { step: 'decode-0', role: 'decode', registers: [] },
    ],
    readiness: PLANNED.readiness,
  });
});

const MOVED = [
  { kind: 'port-moved', from: '2379-2380', to: '3379-3380', reason: 'taken' },
  { kind: 'port-moved', from: '8000', to: '8100', reason: 'taken' },
] as const;

test('follows ports that the job has moved', () => {
  expect(placesAfter(PLANNED, ...MOVED)).toMatchObject({
    etcd: { port: 3379 },
    nats: { port: 4222 },
    frontends: [{ port: 8100 }],
  });
});

test('a job that starts anew has its ports as planned', () => {
  const again = { kind: 'job-started', job: '7', attempt: 1, nodes: 3 } as const;
  const bound = { kind: 'nodes-bound', nodes: NODES } as const;
  expect(placesAfter(PLANNED, ...MOVED, again)).toBeUndefined();
  expect(placesAfter(PLANNED, ...MOVED, again, bound)).toEqual(placesAfter(PLANNED));
});

const registered = (component: string, lease: string, address: string) =>
  parseRegistration(
    `v1/instances/dynamo/${component}/generate/${lease}`,
    `{"type":"Endpoint","component":"${component}","instance_id":${BigInt(`0x${lease}`)},"transport":{"tcp":"${address}/${lease}/dynamo/${component}/generate"}}`,
  );

test('reads a registration of 1.6.1 with its id whole', () => {
  expect(registered('backend', '1758a20ccd157f25', '10.0.0.9:7778')).toEqual({
    namespace: 'dynamo',
    component: 'backend',
    endpoint: 'generate',
    id: '1682272636686925605',
    lease: '1758a20ccd157f25',
    address: '10.0.0.9:7778',
  });
});

test('reads one of 0.6.1, which has a subject of NATS for an address', () => {
  expect(
    parseRegistration(
      'v1/instances/dynamo/prefill/generate/694d9a0d41f1b30a',
      '{"component":"prefill","instance_id":7587890328920765194,"transport":{"nats_tcp":"dynamo_prefill.generate-694d9a0d41f1b30a"}}',
    ),
  ).toEqual({
    namespace: 'dynamo',
    component: 'prefill',
    endpoint: 'generate',
    id: '7587890328920765194',
    lease: '694d9a0d41f1b30a',
  });
});

test.each([
  ['v1/mdc/dynamo/backend/generate/1758', '{}'],
  ['v1/instances/dynamo/backend', '{}'],
  ['v1/instances/dynamo/backend/generate/xyz', '{}'],
])('%s is no registration', (key, value) => {
  expect(parseRegistration(key, value)).toBeUndefined();
});

test('a value that is damaged still registers', () => {
  expect(parseRegistration('v1/instances/a/b/c/1f', '{"transport"')).toMatchObject({ id: '31', lease: '1f' });
});

test('counts by role, knows workers by their address, and leaves other endpoints out', () => {
  const instances = [
    registered('prefill', '1758a20ccd157f1b', '10.0.0.7:7777'),
    registered('backend', '1758a20ccd157f25', '10.0.0.99:7778'),
    parseRegistration('v1/instances/dynamo/prefill/worker_kv_query_source_1f/1758a20ccd157f1b', '{}'),
  ].flatMap((one) => one ?? []);
  expect(instancesEvent({ revision: '18', instances }, placesAfter(PLANNED) as ServiceEndpoints)).toEqual({
    kind: 'instances',
    roles: [
      { role: 'prefill', have: 1, want: 1 },
      { role: 'decode', have: 1, want: 1 },
    ],
    instances: [{ ...instances[0], step: 'prefill-0' }, instances[1]],
    revision: '18',
  });
});

test('nodes that register each, as data parallel ranks of vLLM do, are asked for their metrics, too', () => {
  const { readiness: planned } = PLANNED;
  if (planned === undefined) throw new Error('no readiness');
  const readiness = {
    ...planned,
    endpoints: planned.endpoints.map((one) => (one.role === 'prefill' ? { ...one, workers: 2 } : one)),
  };
  const [prefill, decode] = placesAfter({ ...PLANNED, readiness })?.workers ?? [];
  expect(prefill).toMatchObject({
    step: 'prefill-0',
    system: { address: '10.0.0.7', port: 8081 },
    others: [{ address: '10.0.0.8', port: 8081 }],
  });
  expect(decode).not.toHaveProperty('others');
});

test('of a worker with several processes on each node, those that serve beside its first', () => {
  const rank = (name: string, nodeIndex: number, nodeRank: number, localRank: number) => ({
    ...{ name, kind: 'worker', role: 'decode', nodeIndex, nodeRank, localRank },
    ports: [port(7777 + localRank, 'rpc'), port(8081 + localRank, 'system')],
  });
  const plan = planOf({
    processes: [
      rank('decode-0', 0, 0, 0),
      rank('decode-0', 0, 0, 1),
      rank('decode-0', 1, 1, 0),
      rank('decode-0', 1, 1, 1),
    ],
    readiness: {
      ...PLANNED.readiness,
      endpoints: [
        { role: 'decode', namespace: 'dynamo', component: 'backend', endpoint: 'generate', workers: 4 },
      ],
    },
  });
  expect(placesAfter(plan)?.workers).toEqual([
    {
      step: 'decode-0',
      role: 'decode',
      system: { address: '10.0.0.7', port: 8081 },
      others: [
        { address: '10.0.0.7', port: 8082 },
        { address: '10.0.0.8', port: 8081 },
        { address: '10.0.0.8', port: 8082 },
      ],
      registers: ['10.0.0.7:7777', '10.0.0.7:7778', '10.0.0.8:7777', '10.0.0.8:7778'],
    },
  ]);
});
