import process from 'node:process';
import { expect, test } from 'vitest';
import {
  containerVariables,
  inContainer,
  readNodeContainer,
} from '../../../../src/rehearsal/slurm/node-container.ts';
import { readOptions } from '../../../../src/rehearsal/slurm/options.ts';

const { options } = readOptions([
  '--container-image=nvcr.io#nvidia/sglang:1',
  '--container-mounts=/runs/x:/runs/x,/models/m:/models/m:ro',
  '--no-container-entrypoint',
]);
const ARGV = ['bash', '-p', '/runs/x/steps/decode-0.sh'];
const env = { PATH: '/bin', HOME: '/home/me', SLURM_NODEID: '0', DYN_SLURM_NODE_GPUS: '2,3' };
const user = `${process.getuid?.()}:${process.getgid?.()}`;

test('docker gets the GPUs of the job, the network, the user and the mounts of the machine', () => {
  const given = { ...env, ...containerVariables({ runtime: 'docker', image: 'nvcr.io/nvidia/sglang:1' }) };
  expect(inContainer(ARGV, options, given, '/runs/x')).toEqual([
    ...['docker', 'run', '--rm', '--network', 'host', '--ipc', 'host', '--ulimit', 'memlock=-1'],
    ...['--user', user, '--workdir', '/runs/x', '--gpus', '"device=2,3"'],
    ...['--volume', '/runs/x:/runs/x', '--volume', '/models/m:/models/m:ro'],
    ...['--env', 'SLURM_NODEID', '--env', 'DYN_SLURM_NODE_GPUS', '--env', 'DYN_SLURM_STANDIN_CONTAINER'],
    ...['--env', 'HOME=/tmp', '--entrypoint', 'bash', 'nvcr.io/nvidia/sglang:1'],
    ...['-p', '/runs/x/steps/decode-0.sh'],
  ]);
});

test('enroot starts the container that was made of the image', () => {
  const given = { ...env, ...containerVariables({ runtime: 'enroot', image: 'dyn-slurm-x' }) };
  expect(inContainer(ARGV, options, given, '/runs/x')).toEqual([
    ...['enroot', 'start', '--rw', '--mount', '/runs/x:/runs/x', '--mount', '/models/m:/models/m:ro'],
    ...['--env', 'SLURM_NODEID', '--env', 'DYN_SLURM_NODE_GPUS', '--env', 'DYN_SLURM_STANDIN_CONTAINER'],
    ...['--env', 'NVIDIA_VISIBLE_DEVICES=2,3', 'dyn-slurm-x'],
    ...ARGV,
  ]);
});

test('a step that asks for no image, and a node without containers, run on the machine', () => {
  const given = { ...env, ...containerVariables({ runtime: 'docker', image: 'i' }) };
  expect(inContainer(ARGV, new Map(), given, '/')).toEqual(ARGV);
  expect(inContainer(ARGV, options, env, '/')).toEqual(ARGV);
  expect(readNodeContainer({ DYN_SLURM_STANDIN_CONTAINER: 'podman:x' })).toBeUndefined();
});
