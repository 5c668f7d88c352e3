import { expect, test } from 'vitest';
import { assemble } from '../../../src/plan/assemble.ts';
import { place } from '../../../src/plan/placement.ts';
import { readiness } from '../../../src/plan/readiness.ts';
import { sampleJob } from './sample-job.ts';

const readinessOf = (job: ReturnType<typeof sampleJob>) => readiness(job, place(job).workers);

test('workers count, not nodes, and helpers do not', () => {
  const job = sampleJob({
    prefill: { workers: 2, nodes: 8 },
    decode: { workers: 3, nodes: 3, args: { 'gateway-workers': 2 } },
    encode: { gpus_per_worker: 1 },
    processor: {},
    router: {},
    health: { deadline: '1h', stall: '90s', stages: { weights: '1h', graphs: '20m' } },
  });
  expect(readinessOf(job)).toEqual({
    model: 'm',
    surface: 'chat',
    endpoints: [
      { role: 'prefill', namespace: 'dynamo', component: 'prefill', endpoint: 'generate', workers: 2 },
      { role: 'decode', namespace: 'dynamo', component: 'backend', endpoint: 'generate', workers: 6 },
      { role: 'encode', namespace: 'dynamo', component: 'encode', endpoint: 'generate', workers: 1 },
    ],
    deadline: 3600,
    stall: 90,
    stages: { weights: 3600, 'kv-cache': 300, 'cuda-graphs': 1200, 'deep-gemm': 1800, 'warm-up': 1800 },
    lost: 300,
    hang: 60,
    drain: 90,
    lease: 30,
    readyRoute: true,
  });
});

test.each([
  ['the job’s namespace', { dynamo: { namespace: 'mine' }, aggregated: {} }, ['mine', 'backend', 'generate']],
  ['its own endpoint', { aggregated: { endpoint: 'dyn://a.b.c' } }, ['a', 'b', 'c']],
  ['the reranker’s', { aggregated: { args: { 'rerank-worker': true } } }, ['dynamo', 'rerank', 'generate']],
])('a worker registers %s', (_, sections, [namespace, component, endpoint]) => {
  expect(readinessOf(sampleJob(sections)).endpoints).toEqual([
    { role: 'aggregated', namespace, component, endpoint, workers: 1 },
  ]);
});

test.each([
  ['0.9.1', false],
  ['1.0.2', false],
  ['1.2.1', false],
  ['1.3.1', true],
  ['1.6.1', true],
])('whether Dynamo %s has a route that tells a model’s readiness: %s', (version, has) => {
  expect(readinessOf(sampleJob({ aggregated: {}, dynamo: { version } })).readyRoute).toBe(has);
});

test('Dynamo 0.x names encoders differently', () => {
  const found = readinessOf(sampleJob({ aggregated: {}, encode: {}, dynamo: { version: '0.6.1' } }));
  expect(found.endpoints[1]?.component).toBe('encoder');
});

test.each([
  [
    'sglang',
    { flags: ['--embedding-worker'] },
    'embeddings',
    '/v1/embeddings',
    '{"model":"m","input":"Hello"}',
  ],
  [
    'vllm',
    { args: { embedding_worker: true } },
    'embeddings',
    '/v1/embeddings',
    '{"model":"m","input":"Hello"}',
  ],
  [
    'vllm',
    { args: { 'classify-worker': true } },
    'classify',
    '/v1/classify',
    '{"model":"m","input":"Hello"}',
  ],
  [
    'sglang',
    { args: { 'rerank-worker': true } },
    'rerank',
    '/v1/rerank',
    '{"model":"m","query":"Hello","documents":["Good morning","Goodbye"]}',
  ],
  ['trtllm', { flags: ['--modality', 'image_diffusion'] }, 'media', undefined, undefined],
  [
    'sglang',
    { args: { 'embedding-worker': false } },
    'chat',
    '/v1/chat/completions',
    '{"model":"m","messages":[{"role":"user","content":"Say hello."}],"max_tokens":8}',
  ],
])(
  'a service of %s workers with %j is ready when it has answered for %s',
  (type, role, surface, path, body) => {
    const job = sampleJob({ engine: { type }, gpu: 'h100', aggregated: role });
    const plan = assemble(job, place(job), []);
    expect(plan.readiness.surface).toBe(surface);
    const { sample } = plan.requests;
    expect([sample?.path, sample?.body]).toEqual([path, body]);
  },
);
