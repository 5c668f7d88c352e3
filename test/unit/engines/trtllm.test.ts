import { expect, test } from 'vitest';
import { argText } from '../../../src/argument.ts';
import { resolveJob } from '../../../src/config/resolve.ts';
import { parseYaml } from '../../../src/config/yaml/parse.ts';
import { planJob } from '../../../src/plan/assemble.ts';
import type { Plan } from '../../../src/plan/plan.ts';
import { planOf, sampleJob } from '../plan/sample-job.ts';

type Sections = Parameters<typeof sampleJob>[0];

const plan = (sections: Sections): Plan =>
  planOf(sampleJob({ gpu: 'gb200', engine: { type: 'trtllm' }, ...sections }));
const step = (planned: Plan, name: string) => {
  const found = planned.steps.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
};

test('a worker over two nodes is one MPI step with a task on each GPU', () => {
  const planned = plan({
    prefill: { gpus_per_worker: 4, tp: 4 },
    decode: { nodes: 2, tp: 8, ep: 8, kv_events: true, args: { max_batch_size: 64 } },
  });
  const decode = step(planned, 'decode-0');
  expect(decode.srun.map(argText).join(' ')).toBe(
    'srun --nodes=2 --ntasks=8 --ntasks-per-node=4 --nodelist=${NODE[1]},${NODE[2]} --job-name=decode-0 --overlap --mpi=pmix --distribution=block --oversubscribe --cpu-bind=none --kill-on-bad-exit=1 --input=none --output=${ATTEMPT_DIR}/logs/decode-0.%N.log --open-mode=append bash -p ${RUN_DIR}/steps/decode-0.sh',
  );
  expect(decode.argv.map(argText).join(' ')).toBe(
    'numactl -m 0,1 trtllm-llmapi-launch python3 -m dynamo.trtllm --model-path /models/m --served-model-name m --disaggregation-mode decode --extra-engine-args ${RUN_DIR}/steps/engine-decode.yaml --publish-kv-events --request-plane tcp --event-plane nats',
  );
  expect(decode.files).toEqual({
    'engine-decode.yaml': 'tensor_parallel_size: 8\nmoe_expert_parallel_size: 8\nmax_batch_size: 64\n',
  });
  const { MASTER_ADDR, MASTER_PORT, TRTLLM_EPLB_SHM_NAME } = decode.env;
  expect([MASTER_ADDR, MASTER_PORT, TRTLLM_EPLB_SHM_NAME].map((word) => argText(word ?? ''))).toEqual([
    '${NODE_IP[1]}',
    '29500',
    'moe_shared_sample_decode-0',
  ]);
  expect(planned.readiness.endpoints.map(({ component, workers }) => `${component} ${workers}`)).toEqual([
    'prefill 1',
    'backend 1',
  ]);
  expect(planned.directives).toEqual(
    expect.arrayContaining(['--nodes=3', '--ntasks=12', '--ntasks-per-node=4']),
  );
  // Tasks of a node are one process of the plan.
  expect(planned.processes.filter(({ name }) => name === 'decode-0').length).toBe(2);
});

test.each<[string, Sections, string]>([
  ['GB200, aggregated', { aggregated: { nodes: 1 } }, 'trtllm-llmapi-launch'],
  ['GB200, asked for', { aggregated: { nodes: 1, numa: true } }, 'numactl'],
  [
    'GB200, switched off',
    { prefill: { nodes: 1, numa: false }, decode: { nodes: 1 } },
    'trtllm-llmapi-launch',
  ],
  ['GB300', { gpu: 'gb300', prefill: { nodes: 1 }, decode: { nodes: 1 } }, 'numactl'],
  ['B200', { gpu: 'b200', prefill: { nodes: 1 }, decode: { nodes: 1 } }, 'trtllm-llmapi-launch'],
])('what a worker is started by on %s', (_, sections, program) => {
  const planned = plan(sections);
  expect(planned.steps.find(({ kind }) => kind === 'worker')?.argv[0]).toBe(program);
});

test.each([
  ['1.2.1', ['prefill', 'tensorrt_llm'], '--publish-events-and-metrics'],
  ['1.3.1', ['prefill', 'backend'], '--publish-kv-events'],
])('what Dynamo %s calls them', (version, components, flag) => {
  const planned = plan({ dynamo: { version }, prefill: { nodes: 1, kv_events: true }, decode: { nodes: 1 } });
  expect(planned.readiness.endpoints.map(({ component }) => component)).toEqual(components);
  expect(step(planned, 'prefill-0').argv).toContain(flag);
});

const CONFIG = `name: n
gpu: gb200
engine: trtllm
model: {path: /m, served_name: m}
slurm: {account: a, partition: p, time: 1h}
prefill:
  nodes: 1
  args:
    tensor_parallel_size: 4
    enable_attention_dp: true
    cuda_graph_config: null
    trust-remote-code: true
    print_iter_log: false
    kv_cache_config: {enable_block_reuse: false, free_gpu_memory_fraction: 0.60, dtype: fp8}
    moe_config:
      backend: TRTLLM
      load_balancer: null
    switch: "on"
    number: "1e3"
    list: [1, 2.5, "x"]
decode: {nodes: 1}
`;

test('the engine’s arguments become a file that Python reads as they are', () => {
  const resolved = resolveJob({
    config: parseYaml('c.yaml', CONFIG),
    topologyNames: [],
    cluster: { name: 'default', files: [] },
    clusterNames: [],
  });
  if ('diagnostics' in resolved || !resolved.job) throw new Error('no job');
  const planned = planJob(resolved.job);
  expect(planned.problems.filter(({ severity }) => severity === 'error')).toEqual([]);
  expect(planned.plan?.steps.find(({ name }) => name === 'prefill-0')?.files).toEqual({
    'engine-prefill.yaml': `tensor_parallel_size: 4
enable_attention_dp: true
cuda_graph_config: null
trust_remote_code: true
print_iter_log: false
kv_cache_config:
  enable_block_reuse: false
  free_gpu_memory_fraction: 0.6
  dtype: fp8
moe_config:
  backend: TRTLLM
  load_balancer: null
switch: "on"
number: "1e3"
list:
  - 1
  - 2.5
  - x
`,
  });
  expect(planned.plan?.workers[0]).toMatchObject({ tp: 4, dp: 4 });
});

test.each<[string, Sections, readonly string[]]>([
  [
    'too few ranks',
    { nodes: 2, tp: 4 },
    ['aggregated.tp: tp 4 needs 4 GPUs, but each aggregated worker has 8'],
  ],
  [
    'data parallel ranks that are not all',
    { nodes: 1, dp: 2 },
    [
      "aggregated.dp: is 2, but TensorRT-LLM's attention has either one data parallel rank for each of the 4 tensor parallel ones, or none",
    ],
  ],
  [
    'experts that tp cannot hold',
    { nodes: 1, ep: 3 },
    ['aggregated.ep: ep 3 does not divide tp 4: experts are spread over the tensor parallel ranks'],
  ],
  [
    'a size that contradicts the plan',
    { nodes: 1, args: { tensor_parallel_size: 2 } },
    [
      'aggregated.args.tensor_parallel_size: --tensor-parallel-size is set by dyn-slurm, to 4 from aggregated.tp',
    ],
  ],
  [
    'a file of their own',
    { nodes: 1, args: { 'extra-engine-args': 'mine.yaml' } },
    ['aggregated.args.extra-engine-args: --extra-engine-args is set by dyn-slurm, from aggregated.args'],
  ],
  [
    'a word that its launcher would tear',
    { nodes: 1, flags: ['--health-check-payload', '{"a": 1}'] },
    [
      'aggregated.flags.1: trtllm-llmapi-launch splits words at spaces and expands them, so the program would not get this one as it is',
    ],
  ],
])('refused: %s', (_, aggregated, expected) => {
  const job = sampleJob({ gpu: 'gb200', engine: { type: 'trtllm' }, aggregated });
  const errors = planJob(job).problems.filter(({ severity }) => severity === 'error');
  expect(errors.map(({ path, message }) => `${path.join('.')}: ${message}`)).toEqual(expected);
});

test('a model whose name its launcher would tear is refused', () => {
  const sections = { engine: { type: 'trtllm' }, model: { path: '/models/a b', served_name: 'm' } };
  const { problems } = planJob(sampleJob({ ...sections, aggregated: { nodes: 1 } }));
  expect(problems.map(({ path, message }) => `${path.join('.')}: ${message}`)).toEqual([
    'model.path: trtllm-llmapi-launch splits words at spaces and expands them, so it would not pass on "/models/a b" as it is',
  ]);
});

test('cache events of its own server reach nobody', () => {
  const job = sampleJob({
    engine: { type: 'trtllm' },
    frontend: { type: 'none' },
    aggregated: { nodes: 1, kv_events: true },
  });
  expect(planJob(job).problems.map(({ severity, path }) => `${severity} ${path.join('.')}`)).toEqual([
    'warning aggregated.kv_events',
  ]);
});

test('workers that publish cache events by a flag of their own are heard by the KV router', () => {
  const said = (flags: readonly string[]) =>
    planJob(
      sampleJob({
        engine: { type: 'trtllm' },
        frontend: { router_mode: 'kv' },
        aggregated: { nodes: 1, flags },
      }),
    ).problems.map(({ message }) => message);
  expect(said(['--publish-kv-events'])).toEqual([]);
  expect(said([])).toEqual(['the KV router subscribes to cache events, but no worker publishes any']);
});
