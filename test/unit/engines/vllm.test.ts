import { expect, test } from 'vitest';
import { argText } from '../../../src/argument.ts';
import { planJob } from '../../../src/plan/assemble.ts';
import { planOf, sampleJob } from '../plan/sample-job.ts';

type Sections = Parameters<typeof sampleJob>[0];

/** By `NAME RANK`, what a worker's nodes run, without `python3 -m dynamo.vllm` and what all workers have. */
function commands(sections: Sections, cluster: Sections = {}): Readonly<Record<string, string>> {
  const job = sampleJob({ engine: { type: 'vllm' }, ...sections }, { gpus_per_node: 4, ...cluster });
  const workers = planOf(job).processes.filter(({ kind }) => kind === 'worker');
  return Object.fromEntries(
    workers.map(({ name, nodeRank, argv }) => {
      const text = argv.map(argText).join(' ');
      expect(text.startsWith('python3 -m dynamo.vllm --model /models/m --served-model-name m ')).toBe(true);
      return [
        `${name} ${nodeRank}`,
        text
          .slice('python3 -m dynamo.vllm --model /models/m --served-model-name m '.length)
          .replace(' --request-plane tcp --event-plane nats', ''),
      ];
    }),
  );
}

const NIXL = '--kv-transfer-config {"kv_connector":"NixlConnector","kv_role":"kv_both"}';

test('one replica over several nodes: node 0 serves, the others follow it', () => {
  const all = (rank: number) =>
    `--master-addr \${NODE_IP[0]} --master-port 29500 --nnodes 2 --node-rank ${rank} --tensor-parallel-size 4 --pipeline-parallel-size 2`;
  expect(commands({ aggregated: { nodes: 2, tp: 4, pp: 2 } })).toEqual({
    'aggregated-0 0': all(0),
    'aggregated-0 1': `${all(1)} --headless`,
  });
});

test('data parallel ranks that fit into a node: each node serves its own', () => {
  const dp =
    '--data-parallel-size 8 --data-parallel-size-local 4 --data-parallel-address ${NODE_IP[1]} --data-parallel-rpc-port 29508 --data-parallel-hybrid-lb --enable-expert-parallel';
  expect(commands({ prefill: { gpus_per_worker: 4, tp: 4 }, decode: { nodes: 2, dp: 8, ep: 8 } })).toEqual({
    'prefill-0 0': `--disaggregation-mode prefill --tensor-parallel-size 4 ${NIXL}`,
    'decode-0 0': `--disaggregation-mode decode ${dp} ${NIXL} --data-parallel-start-rank 0`,
    'decode-0 1': `--disaggregation-mode decode ${dp} ${NIXL} --data-parallel-start-rank 4`,
  });
});

test('data parallel ranks on one node are all its own', () => {
  expect(commands({ aggregated: { nodes: 1, tp: 2, dp: 2 } })).toEqual({
    'aggregated-0 0':
      '--data-parallel-size 2 --data-parallel-size-local 2 --data-parallel-address ${NODE_IP[0]} --data-parallel-rpc-port 29508 --data-parallel-hybrid-lb --data-parallel-start-rank 0 --tensor-parallel-size 2',
  });
});

test('data parallel ranks over several nodes each: node 0 serves for all', () => {
  const all = (rank: number) =>
    `--master-addr \${NODE_IP[0]} --master-port 29500 --nnodes 4 --node-rank ${rank} --data-parallel-size 2 --data-parallel-address \${NODE_IP[0]} --data-parallel-rpc-port 29508 --tensor-parallel-size 8`;
  expect(commands({ aggregated: { nodes: 4, tp: 8, dp: 2, args: { 'api-server-count': 2 } } })).toEqual({
    'aggregated-0 0': `${all(0)} --api-server-count 2`,
    'aggregated-0 1': `${all(1)} --headless`,
    'aggregated-0 2': `${all(2)} --headless`,
    'aggregated-0 3': `${all(3)} --headless`,
  });
});

test('data parallel ranks apart: each is a process with its own GPUs and ports, which registers and is asked for metrics', () => {
  const job = sampleJob(
    {
      engine: { type: 'vllm' },
      aggregated: { nodes: 2, tp: 2, dp: 4, kv_events: true, args: { 'data-parallel-external-lb': true } },
      infra: { ports: { system: 9081 } },
    },
    { gpus_per_node: 4 },
  );
  const plan = planOf(job);
  const found = plan.processes
    .filter(({ kind }) => kind === 'worker')
    .map(({ nodeIndex, nodeRank, localRank, gpus, argv, env, ports }) => ({
      task: [nodeIndex, nodeRank, localRank],
      gpus,
      words: argv
        .map(argText)
        .filter((word, at, all) => /^--(data|no)/.test(word) || all[at - 1]?.startsWith('--data')),
      env: ['CUDA_VISIBLE_DEVICES', 'DYN_SYSTEM_PORT', 'DYN_TCP_RPC_PORT', 'VLLM_PORT'].map((name) =>
        argText(env[name] ?? '-'),
      ),
      ports: ports.map(({ use, port, count }) => `${use} ${port}${count > 1 ? ` +${count}` : ''}`),
    }));
  const words = (rank: number) => [
    ...['--data-parallel-size', '4', '--data-parallel-address', '${NODE_IP[0]}'],
    ...[
      '--data-parallel-rpc-port',
      '29508',
      '--data-parallel-external-lb',
      '--data-parallel-rank',
      `${rank}`,
    ],
  ];
  const blocks = ['kv-events 5557 +4'];
  expect(found).toEqual([
    {
      task: [0, 0, 0],
      gpus: [0, 1],
      words: words(0),
      env: ['0,1', '9081', '7777', '-'],
      ports: ['rpc 7777', 'system 9081', 'dp-rpc 29508', ...blocks],
    },
    {
      task: [0, 0, 1],
      gpus: [2, 3],
      words: words(1),
      env: ['2,3', '9082', '7778', '-'],
      ports: ['rpc 7778', 'system 9082'],
    },
    {
      task: [1, 1, 0],
      gpus: [0, 1],
      words: words(2),
      env: ['0,1', '9081', '7777', '-'],
      ports: ['rpc 7777', 'system 9081', ...blocks],
    },
    {
      task: [1, 1, 1],
      gpus: [2, 3],
      words: words(3),
      env: ['2,3', '9082', '7778', '-'],
      ports: ['rpc 7778', 'system 9082'],
    },
  ]);
  expect(plan.readiness.endpoints.map(({ workers }) => workers)).toEqual([4]);
  const step = (name: string) => plan.steps.find((one) => one.name === name);
  expect(step('aggregated-0')?.srun.slice(0, 10).map(argText)).toEqual([
    'srun',
    ...['--nodes=2', '--ntasks=4', '--ntasks-per-node=2', '--nodelist=${NODE[0]},${NODE[1]}'],
    ...['--job-name=aggregated-0', '--overlap', '--mpi=none', '--distribution=block', '--oversubscribe'],
  ]);
  expect(plan.directives).toEqual(expect.arrayContaining(['--ntasks=4', '--ntasks-per-node=2']));
  expect(
    step('metrics')
      ?.argv.map(argText)
      .filter((word) => word.startsWith('aggregated')),
  ).toEqual([
    'aggregated-0=${NODE_IP[0]}:9081',
    'aggregated-0=${NODE_IP[0]}:9082',
    'aggregated-0=${NODE_IP[1]}:9081',
    'aggregated-0=${NODE_IP[1]}:9082',
  ]);
});

test('workers on one node have ports after those of the ranks of another worker', () => {
  const args = { 'data-parallel-external-lb': true };
  const job = sampleJob(
    {
      engine: { type: 'vllm' },
      aggregated: { workers: 2, gpus_per_worker: 2, tp: 1, dp: 2, args },
      frontend: { count: 1 },
    },
    { gpus_per_node: 4 },
  );
  const numbers = planOf(job).processes.flatMap(({ ports }) =>
    ports.flatMap(({ use, port }) => (/^(rpc|system|engine|responses)$/.test(use) ? [port] : [])),
  );
  expect(numbers.toSorted((a, b) => a - b)).toEqual([
    ...[7777, 7778, 7779, 7780, 7781, 8081, 8082, 8083, 8084, 20_000, 20_050, 20_100, 20_150],
  ]);
});

test('context parallel sizes: prefill has GPUs of its own, decode lies inside tp', () => {
  const found = commands({
    aggregated: { nodes: 2, tp: 4, dcp: 2, args: { 'prefill-context-parallel-size': 2 } },
  });
  expect(found['aggregated-0 0']).toBe(
    '--master-addr ${NODE_IP[0]} --master-port 29500 --nnodes 2 --node-rank 0 --tensor-parallel-size 4 --decode-context-parallel-size 2 --prefill-context-parallel-size 2',
  );
});

test('a connector of the config stays as it is, and so do flags that the plan agrees with', () => {
  const args = {
    'kv-transfer-config': '{"kv_connector":"MooncakeStoreConnector","kv_role":"kv_both"}',
    'tensor-parallel-size': 4,
    'disaggregation-mode': 'prefill',
    'no-enable-prefix-caching': true,
    'enable-expert-parallel': false,
  };
  expect(
    commands({
      prefill: { nodes: 1, args },
      decode: { nodes: 1, args: { 'kv-transfer-config': args['kv-transfer-config'] } },
    }),
  ).toEqual({
    'prefill-0 0':
      '--disaggregation-mode prefill --tensor-parallel-size 4 --kv-transfer-config {"kv_connector":"MooncakeStoreConnector","kv_role":"kv_both"} --no-enable-prefix-caching',
    'decode-0 0':
      '--disaggregation-mode decode --tensor-parallel-size 4 --kv-transfer-config {"kv_connector":"MooncakeStoreConnector","kv_role":"kv_both"}',
  });
});

test('Dynamo 0.x has another word for prefill workers', () => {
  const found = commands({ dynamo: { version: '0.8.1' }, prefill: { nodes: 1 }, decode: { nodes: 1 } });
  expect(found['prefill-0 0']).toMatch(/^--is-prefill-worker --tensor-parallel-size 4/);
  expect(found['decode-0 0']).toMatch(/^--tensor-parallel-size 4/);
});

test('ports and environment of two workers that share a node differ', () => {
  const job = sampleJob(
    {
      engine: { type: 'vllm' },
      prefill: { workers: 2, gpus_per_worker: 2, tp: 1, dp: 2, kv_events: true },
      decode: { nodes: 1 },
    },
    { gpus_per_node: 4 },
  );
  const { processes } = planOf(job);
  const worker = (name: string) => processes.find((one) => one.name === name);
  const env = (name: string) =>
    Object.fromEntries(
      Object.entries(worker(name)?.env ?? {})
        .filter(([key]) => /^(VLLM|CUDA)/.test(key))
        .map(([key, word]) => [key, argText(word)]),
    );
  const ports = (name: string) =>
    worker(name)?.ports.map(({ use, port, count }) => `${use} ${port}${count > 1 ? ` +${count}` : ''}`);
  expect(env('prefill-0')).toEqual({
    VLLM_ENGINE_READY_TIMEOUT_S: '7200',
    VLLM_HOST_IP: '${NODE_IP[0]}',
    VLLM_NIXL_SIDE_CHANNEL_HOST: '${NODE_IP[0]}',
    VLLM_NIXL_SIDE_CHANNEL_PORT: '5400',
    VLLM_PORT: '20000',
    CUDA_VISIBLE_DEVICES: '0,1',
  });
  expect(env('prefill-1')).toEqual({
    ...env('prefill-0'),
    VLLM_NIXL_SIDE_CHANNEL_PORT: '5402',
    VLLM_PORT: '20050',
    CUDA_VISIBLE_DEVICES: '2,3',
  });
  expect(ports('prefill-0')).toEqual([
    'rpc 7777',
    'system 8081',
    'dp-rpc 29508',
    'side-channel 5400 +2',
    'kv-events 5557 +2',
    'engine 20000 +50',
  ]);
  expect(ports('prefill-1')).toEqual([
    'rpc 7778',
    'system 8082',
    'dp-rpc 29528',
    'side-channel 5402 +2',
    'kv-events 5559 +2',
    'engine 20050 +50',
  ]);
});

test('block managers of Dynamo that share a node, or span nodes, have addresses of their own', () => {
  const args = {
    'kv-transfer-config': {
      kv_connector: 'PdConnector',
      kv_role: 'kv_both',
      kv_connector_extra_config: {
        connectors: [
          { kv_connector: 'DynamoConnector', kv_connector_module_path: 'kvbm.vllm_integration.connector' },
          { kv_connector: 'NixlConnector', kv_role: 'kv_both' },
        ],
      },
    },
  };
  const plan = planOf(
    sampleJob(
      {
        engine: { type: 'vllm' },
        prefill: { workers: 2, gpus_per_worker: 2, args },
        decode: { nodes: 2, tp: 8, args: { 'kv-transfer-config': args['kv-transfer-config'] } },
      },
      { gpus_per_node: 4 },
    ),
  );
  const found = plan.processes
    .filter(({ kind }) => kind === 'worker')
    .map(({ name, nodeIndex, env, ports }) => [
      `${name} on ${nodeIndex}`,
      ...['HOST', 'PUB_PORT', 'ACK_PORT'].map((key) => argText(env[`DYN_KVBM_LEADER_ZMQ_${key}`] ?? '')),
      ports.filter(({ use }) => use === 'kvbm').map(({ port, count }) => `${port} +${count}`),
    ]);
  expect(found).toEqual([
    ['prefill-0 on 0', '${NODE_IP[0]}', '29509', '29510', ['29509 +2']],
    ['prefill-1 on 0', '${NODE_IP[0]}', '29529', '29530', ['29529 +2']],
    ['decode-0 on 1', '${NODE_IP[1]}', '29509', '29510', ['29509 +2']],
    ['decode-0 on 2', '${NODE_IP[1]}', '29509', '29510', []],
  ]);
});

test('workers over several nodes look for ports by themselves', () => {
  const { processes } = planOf(sampleJob({ engine: { type: 'vllm' }, aggregated: { nodes: 2 } }));
  expect(processes.filter(({ env }) => 'VLLM_PORT' in env)).toEqual([]);
});

test.each([
  ['one replica over two nodes', { nodes: 2 }, 1],
  ['ranks of two nodes', { nodes: 2, dp: 8, tp: 1 }, 2],
  ['ranks of one node', { nodes: 1, dp: 4, tp: 1 }, 1],
  ['ranks over two nodes each', { nodes: 4, dp: 2, tp: 8 }, 1],
  ['three workers of two nodes', { workers: 3, nodes: 6, dp: 2, tp: 4 }, 6],
])('what registers: %s', (_, aggregated, workers) => {
  const plan = planOf(sampleJob({ engine: { type: 'vllm' }, aggregated }, { gpus_per_node: 4 }));
  expect(plan.readiness.endpoints).toEqual([
    { role: 'aggregated', namespace: 'dynamo', component: 'backend', endpoint: 'generate', workers },
  ]);
});

test.each<[string, Sections, readonly string[]]>([
  [
    'too few ranks',
    { nodes: 2, tp: 4 },
    ['aggregated.tp: tp 4 needs 4 GPUs, but each aggregated worker has 8'],
  ],
  [
    'too many',
    { nodes: 1, tp: 4, pp: 2 },
    ['aggregated.tp: tp 4 × pp 2 needs 8 GPUs, but each aggregated worker has 4'],
  ],
  [
    'ranks that are cut in two',
    { nodes: 3, tp: 6, dp: 2 },
    [
      'aggregated.dp: each of the 2 data parallel ranks has 6 GPUs, which neither divide the 4 GPUs of a node nor are a multiple of them',
    ],
  ],
  [
    'dcp beside tp',
    { nodes: 1, tp: 4, dcp: 3 },
    ['aggregated.dcp: dcp 3 does not divide tp 4: it splits the tensor parallel ranks'],
  ],
  [
    'experts over some ranks',
    { nodes: 1, tp: 4, ep: 2 },
    ['aggregated.ep: is 2, but vLLM spreads the experts over all tp × dp (4) ranks, or over none'],
  ],
  [
    'a flag that contradicts the plan',
    { nodes: 1, args: { 'tensor-parallel-size': 2 } },
    [
      'aggregated.args.tensor-parallel-size: --tensor-parallel-size is set by dyn-slurm, to 4 from aggregated.tp',
    ],
  ],
  [
    'ranks apart, of which there is one',
    { nodes: 1, tp: 4, flags: ['-dpe'] },
    [
      'aggregated.flags.0: --data-parallel-external-lb has a process for each data parallel rank, and these workers have one rank',
    ],
  ],
  [
    'ranks apart that are larger than a node',
    { nodes: 4, tp: 8, dp: 2, args: { 'data-parallel-external-lb': true } },
    [
      'aggregated.args.data-parallel-external-lb: --data-parallel-external-lb has a process for each data parallel rank, and a rank of these workers is larger than a node',
    ],
  ],
  [
    'a number of ranks on a node that is not so for ranks apart',
    { nodes: 1, tp: 1, dp: 4, args: { 'data-parallel-external-lb': true, 'data-parallel-size-local': 4 } },
    [
      'aggregated.args.data-parallel-size-local: --data-parallel-size-local is set by dyn-slurm, to 1 from the data parallel ranks of a node',
    ],
  ],
  [
    'a rank',
    { nodes: 1, args: { headless: true } },
    ['aggregated.args.headless: --headless is set by dyn-slurm, from the rank of the task'],
  ],
])('refused: %s', (_, aggregated, expected) => {
  const job = sampleJob({ engine: { type: 'vllm' }, aggregated }, { gpus_per_node: 4 });
  const errors = planJob(job).problems.filter(({ severity }) => severity === 'error');
  expect(errors.map(({ path, message }) => `${path.join('.')}: ${message}`)).toEqual(expected);
});

test('a worker on one node may leave GPUs idle: vLLM takes the first of those that it sees', () => {
  const aggregated = { nodes: 1, tp: 1, dp: 3 };
  const { plan, problems } = planJob(
    sampleJob({ engine: { type: 'vllm' }, aggregated }, { gpus_per_node: 4 }),
  );
  expect(problems.map(({ severity, path, message }) => `${severity} ${path.join('.')}: ${message}`)).toEqual([
    'warning aggregated.tp: tp 1 × dp 3 uses 3 of the 4 GPUs of each aggregated worker; 1 stay idle',
  ]);
  const step = plan?.steps.find(({ name }) => name === 'aggregated-0');
  expect(step?.argv.map(argText).join(' ')).toContain('--data-parallel-size 3 --data-parallel-size-local 3');
});

test.each<[string, Sections, readonly string[]]>([
  [
    'as an argument',
    { prefill: { nodes: 1, args: { connector: 'nixl' } }, decode: { nodes: 1 } },
    ['error prefill.args.connector: dynamo.vllm of Dynamo 1.6.1 ends at once with --connector'],
  ],
  [
    'in the environment',
    { aggregated: { nodes: 1, env: { DYN_CONNECTOR: 'kvbm' } } },
    ['error aggregated.env.DYN_CONNECTOR: dynamo.vllm of Dynamo 1.6.1 ends at once with DYN_CONNECTOR'],
  ],
  [
    'of a release that takes it',
    { dynamo: { version: '0.9.0' }, aggregated: { nodes: 1, args: { connector: 'lmcache' } } },
    [],
  ],
])('a connector by its short name %s', (_, sections, expected) => {
  const job = sampleJob({ engine: { type: 'vllm' }, dynamo: { version: '1.6.1' }, ...sections });
  const said = planJob(job).problems.filter(({ severity }) => severity === 'error');
  expect(said.map(({ severity, path, message }) => `${severity} ${path.join('.')}: ${message}`)).toEqual(
    expected,
  );
});

test('ranks apart need something that spreads requests over them, and no profiler before them', () => {
  const aggregated = { nodes: 1, tp: 1, dp: 4, args: { 'data-parallel-external-lb': true } };
  const said = (sections: Sections) =>
    planJob(sampleJob({ engine: { type: 'vllm' }, aggregated, ...sections }, { gpus_per_node: 4 }))
      .problems.filter(({ severity }) => severity === 'error')
      .map(({ path, message }) => `${path.join('.')}: ${message}`);
  expect(said({ frontend: { type: 'vllm-router' } })).toEqual([
    "aggregated.args.data-parallel-external-lb: --data-parallel-external-lb needs Dynamo's frontend, where each rank registers; frontend.type is vllm-router",
  ]);
  expect(said({ profile: { roles: ['aggregated'] } })).toEqual([
    'profile.roles: aggregated workers have several processes on a node (--data-parallel-external-lb), and nsys can be put before one only',
  ]);
});

test.each<[string, Sections, readonly string[]]>([
  [
    'one replica over nodes, with Dynamo 0.8.1 and its vLLM 0.12.0',
    { dynamo: { version: '0.8.1' }, aggregated: { gpus_per_worker: 8, tp: 8 } },
    [
      'aggregated: a vLLM replica on 2 nodes needs --headless, which Dynamo 0.8.1 does not have; it was added in 1.0',
    ],
  ],
  ['ranks that fit into a node', { dynamo: { version: '0.8.1' }, aggregated: { nodes: 2, dp: 8 } }, []],
  [
    'a binding that the release lacks',
    { engine: { type: 'vllm', version: '0.19.0' }, aggregated: { nodes: 1, numa: true } },
    ['aggregated.numa: vLLM 0.19.0 has no --numa-bind yet; it was added in vLLM 0.20.0'],
  ],
])('warned of: %s', (_, sections, expected) => {
  const job = sampleJob({ engine: { type: 'vllm' }, ...sections }, { gpus_per_node: 4 });
  expect(planJob(job).problems.map(({ path, message }) => `${path.join('.')}: ${message}`)).toEqual(expected);
});

test('each node that serves is asked for its metrics', () => {
  const targets = (aggregated: Sections) => {
    const plan = planOf(sampleJob({ engine: { type: 'vllm' }, aggregated }, { gpus_per_node: 4 }));
    const argv = plan.steps.find(({ name }) => name === 'metrics')?.argv.map(argText) ?? [];
    return argv.filter((word) => word.startsWith('aggregated'));
  };
  expect(targets({ nodes: 2, dp: 8 })).toEqual([
    'aggregated-0=${NODE_IP[0]}:8081',
    'aggregated-0=${NODE_IP[1]}:8081',
  ]);
  expect(targets({ nodes: 2, tp: 8 })).toEqual(['aggregated-0=${NODE_IP[0]}:8081']);
});
