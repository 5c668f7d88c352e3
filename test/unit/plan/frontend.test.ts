import { expect, test } from 'vitest';
import { argText } from '../../../src/argument.ts';
import { frontendSteps } from '../../../src/plan/frontend.ts';
import { place } from '../../../src/plan/placement.ts';
import type { StepBody } from '../../../src/plan/plan.ts';
import { planOf, sampleJob } from './sample-job.ts';

type Sections = Readonly<Record<string, unknown>>;

function steps(sections: Sections): readonly StepBody[] {
  const job = sampleJob({ aggregated: { workers: 4 }, ...sections });
  return frontendSteps(job, place(job).frontends, []);
}

test('one frontend serves clients itself', () => {
  expect(steps({ frontend: { port: 9000 } })).toEqual([
    {
      name: 'frontend-0',
      kind: 'frontend',
      role: null,
      worker: null,
      nodes: [0],
      gpus: [],
      argv: [
        'python3',
        '-m',
        'dynamo.frontend',
        '--http-host',
        [{ ref: 'self-ip' }],
        '--http-port',
        '9000',
        '--router-mode',
        'round-robin',
        '--migration-limit',
        '3',
        '--request-plane',
        'tcp',
        '--event-plane',
        'nats',
      ],
      env: {
        ETCD_ENDPOINTS: ['http://', { ref: 'node-ip', node: 0 }, ':', '2379'],
        NATS_SERVER: ['nats://', { ref: 'node-ip', node: 0 }, ':', '4222'],
        DYN_TCP_RPC_HOST: [{ ref: 'self-ip' }],
        DYN_EVENT_PLANE_HOST: [{ ref: 'self-ip' }],
        DYN_TCP_RESPONSE_STREAM_HOST: [{ ref: 'self-ip' }],
        DYN_SDK_DISABLE_ANSI_LOGGING: '1',
        PYTHONUNBUFFERED: '1',
        DYN_TCP_RESPONSE_STREAM_PORT: '7778',
        DYN_DISABLE_FRONTEND_ADMIN_API: '1',
      },
      secrets: {},
      ports: [
        { use: 'frontend', port: 9000, count: 1, address: 'node', guard: 'none' },
        { use: 'responses', port: 7778, count: 1, address: 'node', guard: 'none' },
      ],
      contained: true,
    },
  ]);
});

test('several frontends listen behind nginx, which alone has the clients’ port', () => {
  const found = steps({ frontend: { count: 3, port: 9000 } });
  expect(found.map(({ name, nodes, ports }) => [name, nodes, ports[0]])).toEqual([
    ['frontend-0', [0], { use: 'frontend', port: 8180, count: 1, address: 'node', guard: 'none' }],
    ['frontend-1', [1], { use: 'frontend', port: 8180, count: 1, address: 'node', guard: 'none' }],
    ['frontend-2', [2], { use: 'frontend', port: 8180, count: 1, address: 'node', guard: 'none' }],
    ['nginx', [0], { use: 'nginx', port: 9000, count: 1, address: 'node', guard: 'none' }],
  ]);
  expect(found[3]).toEqual({
    name: 'nginx',
    kind: 'nginx',
    role: null,
    worker: null,
    nodes: [0],
    gpus: [],
    argv: [
      'nginx',
      '-p',
      [{ ref: 'local-dir' }, '/'],
      '-c',
      [{ ref: 'local-dir' }, '/nginx.conf'],
      '-g',
      'daemon off;',
    ],
    env: {},
    secrets: {},
    ports: [{ use: 'nginx', port: 9000, count: 1, address: 'node', guard: 'none' }],
    contained: false,
  });
});

const router = {
  kv_overlap_score_credit: 2,
  temperature: 0.5,
  kv_events: false,
  replica_sync: true,
  block_size: 16,
};

test.each([
  [
    '1.6.1',
    '--router-mode kv --router-kv-overlap-score-credit 2 --router-temperature 0.5 --no-router-kv-events --router-replica-sync --kv-cache-block-size 16 --migration-limit 3 --request-plane tcp --event-plane nats',
  ],
  [
    '1.1.0',
    '--router-mode kv --router-kv-overlap-score-weight 2 --router-temperature 0.5 --no-router-kv-events --router-replica-sync --kv-cache-block-size 16 --migration-limit 3 --request-plane tcp --event-plane nats',
  ],
  [
    '0.6.1',
    '--router-mode kv --kv-overlap-score-weight 2 --router-temperature 0.5 --no-kv-events --router-replica-sync --kv-cache-block-size 16',
  ],
])('the router’s options as Dynamo %s spells them', (version, expected) => {
  const [frontend] = steps({
    frontend: { router_mode: 'kv', router },
    dynamo: { version, migration_limit: 3 },
  });
  expect(frontend?.argv.slice(7).map(argText).join(' ')).toBe(expected);
});

test.each([
  [{}, {}, '--migration-limit 3', undefined],
  [{ restart: 2 }, {}, '--migration-limit 3', '--migration-limit 3'],
  [{ critical: false, workers: 2 }, {}, '--migration-limit 3', '--migration-limit 3'],
  [{}, { migration_limit: 0 }, '--migration-limit 0', '--migration-limit 0'],
])('requests may move, for any worker may be restarted: %j, %j', (role, dynamo, expected, before) => {
  const aggregated = { nodes: 2, ...role };
  const [frontend] = steps({ aggregated, dynamo });
  expect(/--migration-limit \d+/.exec(frontend?.argv.map(argText).join(' ') ?? '')?.[0]).toBe(expected);
  // Up to 0.9 the workers are told.
  const old = planOf(sampleJob({ aggregated, dynamo: { ...dynamo, version: '0.9.1' } }));
  const worker =
    old.steps
      .find(({ name }) => name === 'aggregated-0')
      ?.argv.map(argText)
      .join(' ') ?? '';
  expect(/--migration-limit \d+/.exec(worker)?.[0]).toBe(before);
});

test.each(['1.0.2', '1.5.1'])('before 1.6 no two frontends have one port for responses: %s', (version) => {
  const plan = planOf(
    sampleJob({ aggregated: { workers: 3, nodes: 3 }, frontend: { count: 3 }, dynamo: { version } }),
  );
  const ports = plan.processes.flatMap((process) => process.ports.map((port) => ({ ...port, process })));
  const responses = ports.filter(({ use }) => use === 'responses').map(({ port }) => port);
  const rpc = ports.filter(({ use }) => use === 'rpc').map(({ port }) => port);
  expect(responses).toEqual([7778, 7779, 7780]);
  expect(rpc.filter((port) => responses.includes(port))).toEqual([]);
});

test('events can be asked for, and arguments pass through', () => {
  const frontend = { router_mode: 'kv', router: { kv_events: true }, args: { 'metrics-prefix': 'mine' } };
  expect(steps({ frontend })[0]?.argv.slice(7).map(argText).join(' ')).toBe(
    '--router-mode kv --router-kv-events --migration-limit 3 --request-plane tcp --event-plane nats --metrics-prefix mine',
  );
});

test('the user’s environment comes last, secrets apart', () => {
  const env = { DYN_LOG: 'debug', WORKERS: 4, FAST: true, HF_TOKEN: { from_env: 'HF_TOKEN' } };
  const [frontend] = steps({ frontend: { env } });
  expect(Object.entries(frontend?.env ?? {}).slice(-3)).toEqual([
    ['DYN_LOG', 'debug'],
    ['WORKERS', '4'],
    ['FAST', 'true'],
  ]);
  expect(frontend?.secrets).toEqual({ HF_TOKEN: { from_env: 'HF_TOKEN' } });
});

test.each([
  ['0.6.1', ['ETCD_ENDPOINTS', 'NATS_SERVER']],
  [
    '1.4.2',
    [
      'ETCD_ENDPOINTS',
      'NATS_SERVER',
      'DYN_TCP_RPC_HOST',
      'DYN_EVENT_PLANE_HOST',
      'DYN_TCP_RESPONSE_STREAM_PORT',
    ],
  ],
])('addresses that Dynamo %s takes', (version, expected) => {
  const [frontend] = steps({ dynamo: { version } });
  const others = ['DYN_SDK_DISABLE_ANSI_LOGGING', 'PYTHONUNBUFFERED', 'DYN_DISABLE_FRONTEND_ADMIN_API'];
  expect(Object.keys(frontend?.env ?? {}).filter((name) => !others.includes(name))).toEqual(expected);
});

test.each([
  [{ prefill: { nodes: 1 }, decode: { nodes: 1, workers: 2 } }, '1'],
  [{ aggregated: { nodes: 1 } }, '1'],
  [{ prefill: { nodes: 1, workers: 2 }, decode: { nodes: 1, workers: 2 } }, undefined],
])('no frontend turns for long from the one worker of a role: %j', (roles, expected) => {
  const [frontend] = steps(roles);
  expect(frontend?.env.DYN_RUNTIME_INHIBITED_DURATION_SECS).toBe(expected);
});

test('more frontends than nodes go around the nodes, each with ports of its own', () => {
  const of = (sections: Sections) =>
    steps(sections)
      .filter(({ kind }) => kind === 'frontend')
      .map(({ name, nodes, ports }) => `${name} ${nodes} ${ports.map(({ port }) => port).join(' ')}`);
  const aggregated = { workers: 2, nodes: 2 };
  expect(of({ aggregated, frontend: { count: 5 } })).toEqual([
    'frontend-0 0 8180 7778',
    'frontend-1 1 8180 7778',
    'frontend-2 0 8181 7779',
    'frontend-3 1 8181 7779',
    'frontend-4 0 8182 7780',
  ]);
  expect(of({ aggregated, frontend: { count: 3 }, infra: { dedicated_node: true } })).toEqual([
    'frontend-0 1 8180 7778',
    'frontend-1 2 8180 7778',
    'frontend-2 1 8181 7779',
  ]);
  expect(of({ aggregated: { workers: 1 }, frontend: { count: 3 } })).toEqual([
    'frontend-0 0 8180 7778',
    'frontend-1 0 8181 7779',
    'frontend-2 0 8182 7780',
  ]);
  // Earlier releases listen at all addresses for what workers send back.
  expect(of({ aggregated, frontend: { count: 3 }, dynamo: { version: '1.2.1' } })).toEqual([
    'frontend-0 0 8180 7778',
    'frontend-1 1 8180 7779',
    'frontend-2 0 8181 7780',
  ]);
});
