import { expect, test } from 'vitest';
import { planJson } from '../../../src/plan/json.ts';
import { planOf, sampleJob } from './sample-job.ts';

type Sections = Readonly<Record<string, unknown>>;

const container = { image: '/images/dynamo.sqsh', mounts: ['/lustre/configs:/configs'] };

/** Whole plans, as the JSON that docs/plan-json.md describes. */
test.each<[string, Sections]>([
  [
    'one-node-disagg',
    {
      container,
      prefill: { gpus_per_worker: 1, tp: 1 },
      decode: { gpus_per_worker: 1, tp: 1, env: { HF_TOKEN: { from_env: 'HF_TOKEN' }, DYN_LOG: 'debug' } },
    },
  ],
  [
    'multi-node-multi-frontend',
    {
      gpu: 'gb200',
      prefill: { nodes: 1, kv_events: true },
      decode: { nodes: 2, tp: 'gpus', dp: 'gpus', ep: 'gpus', args: { 'enable-dp-attention': true } },
      frontend: { count: 2, port: 9000, router_mode: 'kv' },
      infra: { event_plane: 'zmq' },
    },
  ],
  [
    'packed-dynamo-0.6',
    {
      dynamo: { version: '0.6.1' },
      aggregated: {
        workers: 2,
        gpus_per_worker: 4,
        tp: 4,
        dp: 4,
        args: { 'enable-dp-attention': true, 'mem-fraction-static': 0.8 },
      },
    },
  ],
])('plan of %s', async (name, sections) => {
  const job = sampleJob({ name, ...sections });
  const text = `${JSON.stringify(planJson(planOf(job)), null, 2)}\n`;
  await expect(text).toMatchFileSnapshot(`../../fixtures/plans/${name}.json`);
});

test('the same job always gives the same plan', () => {
  const job = sampleJob({
    prefill: { workers: 2, gpus_per_worker: 4 },
    decode: { nodes: 2 },
    frontend: { count: 3 },
  });
  expect(planOf(job)).toEqual(planOf(structuredClone(job)));
});

test('steps come in the order of their launch', () => {
  const job = sampleJob({
    prefill: { workers: 2 },
    decode: {},
    encode: { gpus_per_worker: 8 },
    frontend: { count: 2 },
  });
  expect(planOf(job).steps.map(({ name }) => name)).toEqual([
    'etcd',
    'nats',
    'frontend-0',
    'frontend-1',
    'nginx',
    'prefill-0',
    'prefill-1',
    'decode-0',
    'encode-0',
    'metrics',
  ]);
});

test('nodes say what runs on them, and how many of their GPUs work', () => {
  const job = sampleJob({
    gpu: 'gb200',
    prefill: { nodes: 2, tp: 'gpus-2' },
    decode: {},
    frontend: { count: 2 },
  });
  const plan = planOf(job);
  expect(plan.nodes).toEqual([
    {
      index: 0,
      roles: ['head', 'frontend', 'nginx', 'prefill'],
      steps: ['etcd', 'nats', 'frontend-0', 'nginx', 'prefill-0', 'metrics'],
      gpusUsed: 3,
    },
    { index: 1, roles: ['frontend', 'prefill'], steps: ['frontend-1', 'prefill-0'], gpusUsed: 3 },
    { index: 2, roles: ['decode'], steps: ['decode-0'], gpusUsed: 4 },
  ]);
  expect(plan.gpus).toEqual({ model: 'gb200', perNode: 4, total: 12, used: 10 });
  expect(plan.warnings).toEqual([
    'prefill.tp: tp 6 uses 6 of the 8 GPUs of each prefill worker; 2 stay idle',
  ]);
});

test('frontends and the addresses that nginx balances are the same list, for every shape', () => {
  for (let nodes = 1; nodes <= 40; nodes++) {
    for (let count = 1; count <= nodes; count++) {
      const { steps } = planOf(sampleJob({ aggregated: { workers: nodes }, frontend: { count } }));
      const frontends = steps.filter(({ kind }) => kind === 'frontend');
      expect(new Set(frontends.map((step) => step.nodes[0])).size).toBe(count);
      expect(steps.some(({ kind }) => kind === 'nginx')).toBe(count > 1);
    }
  }
});

test('no two processes of a node share a port, however workers are packed', () => {
  for (const gpus of [1, 2, 3, 4, 5, 8, 16]) {
    const role = {
      workers: 5,
      gpus_per_worker: gpus,
      kv_events: true,
      dp: 'gpus',
      args: { enable_dp_attention: true },
    };
    const sections = {
      prefill: role,
      decode: { ...role, workers: 3 },
      encode: { gpus_per_worker: 1 },
      frontend: { count: 2 },
    };
    // planJob refuses clashes itself.
    expect(planOf(sampleJob(sections)).workers).toHaveLength(9);
  }
});

test('secrets are named, and their sources are not', () => {
  const env = { HF_TOKEN: { from_file: '/home/me/token' } };
  const job = sampleJob({ aggregated: { env }, frontend: { env } });
  const text = JSON.stringify(planJson(planOf(job)));
  expect(text.match(/\$\{SECRET:HF_TOKEN\}/g)).toHaveLength(2);
  expect(text).not.toContain('/home/me/token');
});

test.each<[string, Sections, { node: number; port: number }]>([
  ['the frontend', {}, { node: 0, port: 8000 }],
  [
    'the frontend, after the node of the infrastructure',
    { infra: { dedicated_node: true } },
    { node: 1, port: 8000 },
  ],
  ['nginx', { infra: { dedicated_node: true }, frontend: { count: 2 } }, { node: 0, port: 8000 }],
])('clients connect to %s, and so does a benchmark', (_, sections, entry) => {
  const plan = planOf(sampleJob({ aggregated: { workers: 2 }, bench: { command: 'true' }, ...sections }));
  expect(plan.entry).toEqual(entry);
  expect(plan.steps.find(({ kind }) => kind === 'bench')?.env.DYN_SLURM_URL).toEqual([
    'http://',
    { ref: 'node-ip', node: entry.node },
    ':',
    '8000',
  ]);
});

test('a worker tells how often it may be restarted, and whether it may be lost', () => {
  const plan = planOf(sampleJob({ aggregated: { restart: 3, critical: false } }));
  expect(plan.workers).toMatchObject([{ restarts: 3, critical: false }]);
});
