import { expect, test } from 'vitest';
import { argText } from '../../../src/argument.ts';
import { planJob } from '../../../src/plan/assemble.ts';
import { planOf, sampleJob } from './sample-job.ts';

type Sections = Parameters<typeof sampleJob>[0];

/** By `NAME RANK`, what the job's processes run, without monitors. */
function commands(sections: Sections): Readonly<Record<string, string>> {
  const job = sampleJob({ observe: { metrics: 'none' }, ...sections }, { gpus_per_node: 4 });
  return Object.fromEntries(
    planOf(job).processes.map(({ name, nodeRank, argv }) => [
      `${name} ${nodeRank}`,
      argv.map(argText).join(' '),
    ]),
  );
}

test('SGLang’s router is told the servers of all workers, and the bootstrap ports of prefill', () => {
  const prefill = (node: number, bootstrap: number) =>
    `python3 -m sglang.launch_server --model-path /models/m --served-model-name m --disaggregation-mode prefill --disaggregation-bootstrap-port ${bootstrap} --dist-init-addr \${NODE_IP[${node}]}:29500 --nnodes 1 --node-rank 0 --tp-size 4 --host \${NODE_IP[${node}]} --port 8081 --enable-metrics`;
  const decode = (rank: number) =>
    `python3 -m sglang.launch_server --model-path /models/m --served-model-name m --disaggregation-mode decode --disaggregation-bootstrap-port 30001 --dist-init-addr \${NODE_IP[2]}:29500 --nnodes 2 --node-rank ${rank} --tp-size 8 --host \${NODE_IP[${2 + rank}]} --port 8081 --enable-metrics`;
  expect(
    commands({
      engine: { type: 'sglang' },
      frontend: { type: 'sglang-router', args: { policy: 'cache_aware' } },
      prefill: { workers: 2, nodes: 2, tp: 4 },
      decode: { nodes: 2, tp: 8 },
    }),
  ).toEqual({
    'frontend-0 0':
      'python3 -m sglang_router.launch_router --pd-disaggregation --prefill http://${NODE_IP[0]}:8081 30001 --prefill http://${NODE_IP[1]}:8081 30002 --decode http://${NODE_IP[2]}:8081 --host ${NODE_IP[0]} --port 8000 --prometheus-host ${NODE_IP[0]} --prometheus-port 7778 --worker-startup-timeout-secs 7200 --worker-startup-check-interval 2 --policy cache_aware',
    'prefill-0 0': prefill(0, 30001),
    'prefill-1 0': prefill(1, 30002),
    'decode-0 0': decode(0),
    'decode-0 1': decode(1),
  });
});

test('vLLM’s router has an address for each node that serves, and chooses ranks only where all servers have as many', () => {
  const router = (decode: object) =>
    commands({
      engine: { type: 'vllm' },
      frontend: { type: 'vllm-router' },
      prefill: { nodes: 1, tp: 2, dp: 2 },
      decode,
    })['frontend-0 0'];
  const start =
    'vllm-router --vllm-pd-disaggregation --prefill http://${NODE_IP[0]}:8081 5400 --decode http://${NODE_IP[1]}:8081';
  const end = '--host ${NODE_IP[0]} --port 8000 --prometheus-host ${NODE_IP[0]} --prometheus-port 7778';
  expect(router({ nodes: 2, tp: 2, dp: 4 })).toBe(
    `${start} --decode http://\${NODE_IP[2]}:8081 ${end} --worker-startup-timeout-secs 7200 --worker-startup-check-interval 2`,
  );
  expect(router({ nodes: 1, tp: 2, dp: 2 })).toBe(
    `${start} ${end} --intra-node-data-parallel-size 2 --worker-startup-timeout-secs 7200 --worker-startup-check-interval 2`,
  );
  expect(router({ nodes: 1, tp: 4 })).toBe(
    `${start} ${end} --worker-startup-timeout-secs 7200 --worker-startup-check-interval 2`,
  );
});

test('TensorRT-LLM’s orchestrator reads the servers from a file, and waits for them', () => {
  const job = sampleJob(
    {
      engine: { type: 'trtllm' },
      frontend: {
        type: 'trtllm-serve',
        args: { generation_servers: { router: { type: 'load_balancing' } }, request_timeout: 3600 },
      },
      prefill: { workers: 2, gpus_per_worker: 2 },
      decode: { nodes: 2 },
    },
    { gpus_per_node: 4 },
  );
  const [step] = planOf(job).steps.filter(({ kind }) => kind === 'frontend');
  expect(step?.argv.map(argText).join(' ')).toBe(
    'trtllm-serve disaggregated -c ${LOCAL_DIR}/orchestrator.yaml --request_timeout 3600',
  );
  expect(step?.filled).toEqual({
    name: 'orchestrator.yaml',
    text: `generation_servers:
  router:
    type: load_balancing
  num_instances: 1
  urls:
    - \${NODE_IP[1]}:8081
context_servers:
  num_instances: 2
  urls:
    - \${NODE_IP[0]}:8081
    - \${NODE_IP[0]}:8082
hostname: \${NODE_IP[0]}
port: 8000
`,
  });
  expect(step?.mpi).toEqual({ tasksPerNode: 1 });
  // Their pages of metrics are elsewhere than other engines', and there only if they are told to.
  const of = (name: string) => planOf(job).steps.find((one) => one.name === name);
  expect(of('metrics')?.argv.slice(4).map(argText)).toEqual([
    'prefill-0=${NODE_IP[0]}:8081/prometheus/metrics',
    'prefill-1=${NODE_IP[0]}:8082/prometheus/metrics',
    'decode-0=${NODE_IP[1]}:8081/prometheus/metrics',
  ]);
  expect(of('decode-0')?.files).toEqual({
    'engine-decode.yaml': 'tensor_parallel_size: 8\nreturn_perf_metrics: true\n',
  });
  expect(step?.awaits?.map(argText)).toEqual([
    '${NODE_IP[0]}:8081',
    '${NODE_IP[0]}:8082',
    '${NODE_IP[1]}:8081',
  ]);
});

test('without a frontend the worker has the clients’ port, and its first node serves for all', () => {
  const job = sampleJob(
    { engine: { type: 'vllm' }, frontend: { type: 'none' }, aggregated: { nodes: 2, tp: 2, dp: 4 } },
    { gpus_per_node: 4 },
  );
  const plan = planOf(job);
  expect(plan.steps.map(({ name }) => name).filter((name) => name !== 'metrics')).toEqual(['aggregated-0']);
  expect(
    plan.processes.filter(({ kind }) => kind === 'worker').map(({ argv }) => argv.map(argText).join(' ')),
  ).toEqual(
    ['', ' --headless --data-parallel-start-rank 2'].map(
      (end, rank) =>
        `vllm serve /models/m --served-model-name m --host \${NODE_IP[${rank}]} --port 8000 --data-parallel-size 4 --data-parallel-size-local 2 --data-parallel-address \${NODE_IP[0]} --data-parallel-rpc-port 29508 --tensor-parallel-size 2${end}`,
    ),
  );
  expect(plan.entry).toEqual({ node: 0, port: 8000 });
});

/** What `check` says of errors, as `PATH: MESSAGE`. */
const errors = (sections: Sections): readonly string[] =>
  planJob(sampleJob(sections))
    .problems.filter(({ severity }) => severity === 'error')
    .map(({ path, message }) => `${path.join('.')}: ${message}`);

test.each<[string, Sections, readonly string[]]>([
  [
    'a router of another engine',
    { engine: { type: 'vllm' }, frontend: { type: 'sglang-router' }, aggregated: {} },
    ["frontend.type: SGLang's router stands before workers of SGLang, and this job runs vLLM"],
  ],
  [
    'several workers without a frontend',
    { frontend: { type: 'none' }, aggregated: { workers: 2 } },
    ['frontend.type: without a frontend clients could reach one worker, and this job has 2'],
  ],
  [
    'separate roles without a frontend',
    { frontend: { type: 'none' }, prefill: {}, decode: {} },
    ['frontend.type: without a frontend one aggregated worker answers clients, and this job has none'],
  ],
  [
    'an orchestrator without separate roles',
    { engine: { type: 'trtllm' }, frontend: { type: 'trtllm-serve' }, aggregated: {} },
    [
      "frontend.type: TensorRT-LLM's orchestrator stands before prefill and decode workers, and this job has aggregated ones",
    ],
  ],
  [
    'several orchestrators',
    { engine: { type: 'trtllm' }, frontend: { type: 'trtllm-serve', count: 2 }, prefill: {}, decode: {} },
    ["frontend.count: there cannot be 2 of TensorRT-LLM's orchestrator"],
  ],
  [
    'options of Dynamo’s frontend and workers, and addresses',
    {
      frontend: { type: 'sglang-router', router_mode: 'kv', args: { 'worker-urls': 'http://x' } },
      dynamo: { tool_call_parser: 'qwen25' },
      infra: { tls: true },
      aggregated: {},
    },
    [
      'dynamo.tool_call_parser: has no effect: this job does not run Dynamo',
      "frontend.router_mode: is an option of Dynamo's frontend, which this job does not run",
      "infra.tls: encrypts Dynamo's traffic only, and this job does not run Dynamo",
      'frontend.args.worker-urls: --worker-urls is set by dyn-slurm, from the addresses of the workers',
    ],
  ],
])('%s', (_, sections, expected) => {
  expect(errors(sections)).toEqual(expected);
});
