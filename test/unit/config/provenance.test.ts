import { expect, test } from 'vitest';
import { resolve } from './report.ts';

const TOPOLOGY = `title: One node
precision: FP8
goal: throughput
source: {repo: org/repo, path: a.sh, commit: abc, dynamo: 0.6.1, date: '2025-09', license: Apache-2.0}
gpu: h100
aggregated:
  args: {page-size: 1, cuda-graph-bs: [1, 2]}
`;

const CONFIG = `name: r1
topology: h100-fp8-default
model: {path: dsr1}
slurm:
  partition: debug
  time: 1h30m
aggregated:
  args: {page_size: 16}
  env: {RATE: 1.10, FLAG: True, TOKEN: {from_env: HF_TOKEN}}
  flags: [--verbose]
`;

const PROFILE = `account: site
partition: batch
models:
  dsr1: /lustre/DeepSeek-R1
`;

test('every value of a job has its origin', () => {
  const { provenance } = resolve(CONFIG, { topology: TOPOLOGY, cluster: [PROFILE] });
  const lines = provenance.map(({ path, value, from }) => `${path} = ${JSON.stringify(value)} from ${from}`);
  expect(lines.filter((line) => !/^(infra|cluster|health|dynamo|frontend|observe)\./.test(line))).toEqual([
    'name = "r1" from c.yaml:1:7',
    'topology = "h100-fp8-default" from c.yaml:2:11',
    'model.path = "/lustre/DeepSeek-R1" from alias dsr1, cluster hopper (p0.yaml:4:9)',
    'model.served_name = "DeepSeek-R1" from default',
    'slurm.account = "site" from cluster hopper (p0.yaml:1:10)',
    'slurm.partition = "debug" from c.yaml:5:14',
    'slurm.time = 5400 from c.yaml:6:9',
    'slurm.exclusive = true from default',
    'slurm.requeue = false from default',
    'gpu = "h100" from topology h100-fp8-default',
    'aggregated.workers = 1 from default',
    'aggregated.kv_events = false from default',
    'aggregated.restart = "never" from default',
    'aggregated.critical = true from default',
    'aggregated.args.page-size = 16 from c.yaml:8:21',
    'aggregated.args.cuda-graph-bs = [1,2] from topology h100-fp8-default',
    'aggregated.env.RATE = "1.10" from c.yaml:9:15',
    'aggregated.env.FLAG = "True" from c.yaml:9:27',
    'aggregated.env.TOKEN.from_env = "HF_TOKEN" from c.yaml:9:51',
    'aggregated.flags = ["--verbose"] from c.yaml:10:3',
    'engine.type = "sglang" from default',
    'engine.rename = true from default',
  ]);
  expect(lines.filter((line) => /^(infra\.ports\.nats|health\.stall|cluster)/.test(line))).toEqual([
    'infra.ports.nats = 4222 from default',
    'health.stall = 1200 from default',
    'cluster.name = "hopper" from --cluster or DYN_SLURM_CLUSTER',
    'cluster.account = "site" from cluster hopper (p0.yaml:1:10)',
    'cluster.partition = "batch" from cluster hopper (p0.yaml:2:12)',
    'cluster.interface = "auto" from default',
    'cluster.gpu_directive = "gpus-per-node" from default',
    'cluster.memory_directive = true from default',
    'cluster.container_runtime = "pyxis" from default',
    'cluster.shared_container = true from default',
    'cluster.models.dsr1 = "/lustre/DeepSeek-R1" from cluster hopper (p0.yaml:4:9)',
    'cluster.mounts = [] from default',
    'cluster.preamble = "" from default',
    'cluster.environment = "clean" from default',
    'cluster.local_dir = "/tmp" from default',
  ]);
});

test('a config that chooses its profile says so', () => {
  const { provenance } = resolve(`${CONFIG}cluster: hopper\n`, { topology: TOPOLOGY, cluster: [PROFILE] });
  expect(provenance.find(({ path }) => path === 'cluster.name')?.from).toBe('c.yaml:11:10');
});

test('a config with an error has no provenance', () => {
  expect(resolve(`${CONFIG}gpus: 8\n`, { topology: TOPOLOGY, cluster: [PROFILE] }).provenance).toEqual([]);
});
