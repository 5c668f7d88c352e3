import { expect, test } from 'vitest';
import { plan } from '../../../../src/cli/commands/config/plan.ts';
import { put, testWorld } from '../../../world.ts';

const CONFIG = `name: r1
gpu: h100
model: {path: /models/it's here}
slurm: {account: a, partition: p, time: 90m}
prefill: {workers: 2, gpus_per_worker: 4, env: {HF_TOKEN: {from_env: HF_TOKEN}, A: '$x'}}
decode: {workers: 1, nodes: 3, dp: 8, args: {enable-dp-attention: true}}
infra: {nats: false, event_plane: zmq}
`;

test('shows nodes, workers, ports and commands', async () => {
  const world = testWorld();
  put(world, { 'r1.yaml': CONFIG });
  expect(await plan('r1.yaml', {}, world)).toBe(0);
  await expect(world.stdout()).toMatchFileSnapshot('plan.txt');
});

test('gives the documented JSON', async () => {
  const world = testWorld();
  put(world, { 'r1.yaml': CONFIG });
  expect(await plan('r1.yaml', { json: true }, world)).toBe(0);
  const data = JSON.parse(world.stdout());
  expect(Object.keys(data)).toEqual([
    'version',
    'name',
    'dynamo',
    'nodes',
    'gpus',
    'workers',
    'processes',
    'srun',
    'readiness',
    'movable',
    'entry',
    'warnings',
  ]);
});

test('no plan for a config with errors', async () => {
  const world = testWorld();
  put(world, { 'bad.yaml': 'name: x\n' });
  expect(await plan('bad.yaml', {}, world)).toBe(3);
  expect(world.stdout()).toBe('');
  expect(world.stderr()).toContain('bad.yaml:1:1');
});
