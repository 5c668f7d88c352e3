import { expect, test } from 'vitest';
import { report, resolve, VALID } from './report.ts';

const HOPPER = `account: site-account
partition: batch
interface: ib0
models: {dsr1: /lustre/models/DeepSeek-R1, dsr1-fp4: /lustre/models/FP4}
images: {dynamo: /lustre/images/dynamo.sqsh}
mounts: [/lustre:/lustre]
`;

const SHORT = `name: r1
cluster: hopper
gpu: h100
model: {path: dsr1}
container: {image: dynamo}
slurm: {time: 4h}
aggregated: {}
`;

test('the profile gives defaults and aliases', () => {
  const { job, diagnostics } = resolve(SHORT, { cluster: [HOPPER] });
  expect(diagnostics).toEqual([]);
  expect({ slurm: job?.slurm, model: job?.model, container: job?.container }).toEqual({
    slurm: {
      account: 'site-account',
      partition: 'batch',
      time: 14400,
      exclusive: true,
      requeue: false,
      directives: {},
      srun: {},
    },
    model: { path: '/lustre/models/DeepSeek-R1', served_name: 'DeepSeek-R1' },
    container: { image: '/lustre/images/dynamo.sqsh', mounts: [] },
  });
  expect(job?.cluster).toEqual({
    name: 'hopper',
    account: 'site-account',
    partition: 'batch',
    install_cache: {},
    interface: 'ib0',
    gpu_directive: 'gpus-per-node',
    memory_directive: true,
    environment: 'clean',
    container_runtime: 'pyxis',
    shared_container: true,
    models: { dsr1: '/lustre/models/DeepSeek-R1', 'dsr1-fp4': '/lustre/models/FP4' },
    images: { dynamo: '/lustre/images/dynamo.sqsh' },
    mounts: ['/lustre:/lustre'],
    preamble: '',
    local_dir: '/tmp',
  });
});

test('a later file of the profile wins key by key', () => {
  const project = 'partition: debug\ninterface: null\nmodels: {dsr1: /scratch/dsr1}\n';
  const { job } = resolve(SHORT, { cluster: [HOPPER, project] });
  expect([job?.slurm.account, job?.slurm.partition, job?.cluster.interface]).toEqual([
    'site-account',
    'debug',
    'auto',
  ]);
  expect(job?.cluster.models).toEqual({ dsr1: '/scratch/dsr1', 'dsr1-fp4': '/lustre/models/FP4' });
});

test('a profile may be empty', () => {
  expect(report(VALID, { cluster: ['# nothing yet\n'] })).toBe('');
});

test('faults of a profile are placed in its file, and fail the config', () => {
  const broken = 'interfce: ib0\ngpu_directive: gpu\nhost: "-oProxyCommand=x"\ntime: 4h\naccount: a b\n';
  expect(report(VALID, { cluster: [HOPPER, broken] })).toBe(
    `p1.yaml:1:1  interfce: unknown key; did you mean "interface"?
  1 | interfce: ib0
    | ^^^^^^^^
p1.yaml:2:16  gpu_directive: unknown value "gpu"; did you mean "gpus-per-node"?
  2 | gpu_directive: gpu
    |                ^^^
  hint: one of gpus-per-node, gres or none
p1.yaml:3:7  host: write a login host as user@host or host
  3 | host: "-oProxyCommand=x"
    |       ^^^^^^^^^^^^^^^^^^
p1.yaml:4:1  time: unknown key here; it belongs in the config of a job
  4 | time: 4h
    | ^^^^
p1.yaml:5:10  account: must not contain a space: sbatch reads it literally, without quotes
  5 | account: a b
    |          ^^^`,
  );
  expect(resolve(VALID, { cluster: [broken] }).job).toBeUndefined();
});

test('the file to give what is missing is the config', () => {
  expect(report(SHORT.replace('slurm: {time: 4h}\n', ''), { cluster: [HOPPER] })).toBe(
    `c.yaml:1:1  slurm.time: is missing
  1 | name: r1
    | ^
  hint: Time limit of the job (\`--time\`): 90m, 4h, 1h30m, 2d or Slurm's 1-12:00:00. Required.`,
  );
});

test('an unknown profile', () => {
  expect(
    report(SHORT.replace('hopper', 'hoper').replace('path: dsr1', 'path: /m'), { clusterName: 'hoper' }),
  ).toBe(
    `c.yaml:2:10  cluster: there is no cluster profile "hoper"; did you mean "hopper"?
  2 | cluster: hoper
    |          ^^^^^
  hint: a profile is a file ~/.config/dyn-slurm/clusters/NAME.yaml`,
  );
});

test('a misspelt model', () => {
  expect(report(SHORT.replace('path: dsr1', 'path: dsr'), { cluster: [HOPPER] })).toBe(
    `c.yaml:4:15  model.path: "dsr" is neither a path nor a model of the cluster profile "hopper"; did you mean "dsr1"?
  4 | model: {path: dsr}
    |               ^^^
  hint: it stands for /lustre/models/DeepSeek-R1`,
  );
});

test('a model that no profile knows', () => {
  expect(report(VALID.replace('/models/r1', 'r1'))).toBe(
    `c.yaml:3:15  model.path: "r1" is neither a path nor a model of the cluster profile "default"
  3 | model: {path: r1}
    |               ^^
  hint: write a path on the nodes, such as /models/r1`,
  );
});

test('a misspelt image may still be one of a registry', () => {
  const { job, diagnostics } = resolve(SHORT.replace('dynamo}', 'dynmo}'), { cluster: [HOPPER] });
  expect(diagnostics.map(({ severity, message }) => [severity, message])).toEqual([
    ['warning', '"dynmo" is not an image alias of the cluster profile "hopper"; did you mean "dynamo"?'],
  ]);
  expect(job?.container?.image).toBe('dynmo');
});

test.each([
  ['/models/DeepSeek-R1', 'DeepSeek-R1'],
  ['/models/DeepSeek-R1/', 'DeepSeek-R1'],
  ['deepseek-ai/DeepSeek-R1', 'DeepSeek-R1'],
  ['/', 'model'],
])('a model at %s is served as %s', (path, name) => {
  expect(resolve(VALID.replace('/models/r1', path)).job?.model.served_name).toBe(name);
});
