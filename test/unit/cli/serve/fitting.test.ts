import { expect, test } from 'vitest';
import { loadFitting } from '../../../../src/cli/commands/serve/fitting.ts';
import { freeGpus } from '../../../../src/cli/commands/serve/free-gpus.ts';
import { put, testWorld } from '../../../world.ts';
import { type GpuRow, machineWith } from './machine.ts';

const HEAD = `name: qwen
gpu: h200
model: {path: /models/m}
slurm: {time: 1h}
`;

/** The plan's workers, or the message and the hint of the refusal. */
async function fitted(
  config: string,
  gpus: readonly GpuRow[],
  claims: Readonly<Record<string, string>> = {},
) {
  const world = machineWith(gpus);
  put(world, { 'c.yaml': `${HEAD}${config}` });
  try {
    const free = await freeGpus(new Map(Object.entries(claims)), world);
    const jobs = await loadFitting('c.yaml', { cluster: 'local' }, free, world);
    const plans = (jobs ?? []).map(({ plan }) =>
      plan.workers
        .map(({ name, gpus: own, gpuShare }) => `${name} ${gpuShare ?? 'all'} of ${own}`)
        .join(', '),
    );
    return { plans, said: world.stderr() };
  } catch (error) {
    const { message, hint } = error as { message: string; hint?: string };
    return [...message.split('\n'), ...(hint === undefined ? [] : [`hint: ${hint}`])];
  }
}

const ONE = [{}];
const FOUR = [{}, {}, {}, {}];

test.each<[string, string, readonly GpuRow[], string]>([
  ['all GPUs of the machine', 'aggregated: {}\n', FOUR, 'aggregated-0 all of 0,1,2,3'],
  [
    'one GPU for each role',
    'prefill: {gpus_per_worker: 1}\ndecode: {gpus_per_worker: 1}\n',
    FOUR,
    'prefill-0 all of 0, decode-0 all of 1',
  ],
  [
    'parts of the one GPU',
    'prefill: {gpu_share: 0.4}\ndecode: {gpu_share: 0.6}\n',
    ONE,
    'prefill-0 0.4 of 0, decode-0 0.6 of 0',
  ],
])('%s', async (_, config, gpus, expected) => {
  expect(await fitted(config, gpus)).toMatchObject({ plans: [expected] });
});

test.each<[string, string, readonly GpuRow[], readonly string[]]>([
  [
    'fewer workers',
    'aggregated: {workers: 8, gpus_per_worker: 1}\n',
    FOUR,
    [
      'the plan needs 8 GPUs, and this machine has 4 (NVIDIA H200)',
      'what would fit:',
      '  4 aggregated workers:',
      '    dyn-slurm serve c.yaml --set aggregated.workers=4',
    ],
  ],
  [
    'smaller workers, or one of each role on a GPU',
    'prefill: {workers: 2, gpus_per_worker: 4, tp: 4}\ndecode: {nodes: 1, tp: 8}\n',
    FOUR,
    [
      'the plan needs 16 GPUs on 2 nodes, and this machine has 4 (NVIDIA H200)',
      'what would fit:',
      '  1 prefill worker of 2 GPUs, 1 decode worker of 2 GPUs:',
      '    dyn-slurm serve c.yaml --set prefill.workers=1 --set prefill.gpus_per_worker=2 --set decode.gpus_per_worker=2 --set prefill.tp=null --set decode.nodes=null --set decode.tp=null',
    ],
  ],
  [
    'prefill and decode on one GPU',
    'prefill: {gpus_per_worker: 1}\ndecode: {gpus_per_worker: 1}\n',
    ONE,
    [
      'the plan needs 2 GPUs, and this machine has 1 (NVIDIA H200)',
      'what would fit:',
      '  1 prefill worker, 1 decode worker, each on a part of a GPU:',
      '    dyn-slurm serve c.yaml --set prefill.gpu_share=0.5 --set decode.gpu_share=0.5',
    ],
  ],
  [
    'a published topology',
    'topology: docs-dsr1-wideep-h100\n',
    ONE,
    [
      'the plan needs 64 GPUs on 8 nodes, and this machine has 1 (NVIDIA H200)',
      'hint: `dyn-slurm topologies --goal example` lists small ones',
    ],
  ],
])('%s fits', async (_, config, gpus, expected) => {
  const said = await fitted(config, gpus);
  expect((said as readonly string[]).slice(0, expected.length)).toEqual(expected);
});

test('what others have is named, and what fits is counted without it', async () => {
  const busy = { used: 130_000, processes: ['31096, /usr/bin/python3, 129000'] };
  expect(
    await fitted('aggregated: {workers: 4, gpus_per_worker: 1}\n', [{}, busy, { mig: true }, {}, {}], {
      'GPU-3aaa': 'run other-12ab34',
    }),
  ).toEqual([
    'the plan needs 4 GPUs, and this machine has 2 free, of 5 (NVIDIA H200)',
    '  GPU 1 has 130000 of 143771 MiB in use: python3 (process 31096) with 129000 MiB',
    '  GPU 2 is in MIG mode, in which a process sees a slice only',
    '  GPU 3 is in use by run other-12ab34',
    'what would fit:',
    '  2 aggregated workers:',
    '    dyn-slurm serve c.yaml --set aggregated.workers=2',
  ]);
});

test('a machine whose GPUs are all taken', async () => {
  expect(await fitted('aggregated: {}\n', ONE, { 'GPU-0aaa': 'run other-12ab34' })).toEqual([
    'no GPU of this machine is free',
    '  GPU 0 is in use by run other-12ab34',
    'hint: end a run with `dyn-slurm cancel`, or wait for its end',
  ]);
});

test('a config for other GPUs', async () => {
  expect(await fitted('aggregated: {}\n', [{ name: 'NVIDIA L40S' }])).toEqual([
    'the config is for GPUs of the model h200, and this machine has NVIDIA L40S',
    'hint: if it also fits these: --set gpu=l40s',
  ]);
  expect(await fitted('aggregated: {}\n', [{ name: 'NVIDIA GeForce RTX 4090' }])).toEqual([
    'the config is for GPUs of the model h200, and this machine has NVIDIA GeForce RTX 4090',
    'hint: if it also fits these: --set gpu=any',
  ]);
});

test('an error of the config is its own, whatever the machine', async () => {
  expect(await fitted('aggregated: {gpus_per_worker: 0}\n', ONE)).toMatchObject({ plans: [] });
});

test.each<[string, Readonly<Record<string, string>>, string, readonly string[]]>([
  [
    'a driver that does not answer for it',
    {},
    "echo 'Failed to initialize NVML: Driver/library version mismatch' >&2; exit 18",
    [
      'nvidia-smi fails: Failed to initialize NVML: Driver/library version mismatch',
      'the driver does not work on this machine; `dyn-slurm rehearse` runs the job with mock engines, without a GPU',
    ],
  ],
  [
    'no GPU',
    {},
    'exit 0',
    [
      'nvidia-smi shows no GPU on this machine',
      '`dyn-slurm rehearse` runs the job with mock engines, without a GPU; nvidia-smi -L lists what the driver sees',
    ],
  ],
])('%s', async (_, env, script, expected) => {
  const world = machineWith([], env, script);
  const error = await freeGpus(new Map(), world).catch((thrown) => thrown);
  expect([error.message, error.hint]).toEqual(expected);
});

test('CUDA_VISIBLE_DEVICES chooses among the GPUs, as CUDA reads it', async () => {
  const numbers = async (visible: string) => {
    const world = machineWith(FOUR, { CUDA_VISIBLE_DEVICES: visible });
    return freeGpus(new Map(), world).then(
      ({ gpus }) => gpus.map(({ index }) => index),
      (error) => error.message,
    );
  };
  expect(await numbers('2,0')).toEqual([2, 0]);
  expect(await numbers('GPU-3,1,7,2')).toEqual([3, 1]);
  expect(await numbers('-1')).toBe('CUDA_VISIBLE_DEVICES=-1 leaves none of the 4 GPUs of this machine');
  expect(await numbers('')).toBe('CUDA_VISIBLE_DEVICES= leaves none of the 4 GPUs of this machine');
});

test('without a driver', async () => {
  const world = testWorld({ env: { PATH: '/nowhere' } });
  const error = await freeGpus(new Map(), world).catch((thrown) => thrown);
  expect([error.message, error.hint]).toEqual([
    'there is no nvidia-smi on this machine, so no NVIDIA driver',
    'install the driver; `dyn-slurm rehearse` runs the job with mock engines, without a GPU',
  ]);
});
