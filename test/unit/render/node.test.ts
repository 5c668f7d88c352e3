import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { RunFolder } from './run-folder.ts';

let run: RunFolder;
const servers: Server[] = [];
beforeEach(() => {
  run = new RunFolder();
  run.program('ip', ADDRESSES);
});
afterEach(() => {
  run.dispose();
  for (const server of servers.splice(0)) server.close();
});

const ADDRESSES = `case "$*" in
  *route*) echo "default via 10.0.0.1 dev eth9 proto dhcp" ;;
  *"dev eth9 "*) echo "2: eth9    inet 127.0.0.1/8 scope global eth9 valid_lft forever" ;;
  *"dev ib0 "*) echo "3: ib0    inet 10.0.0.2/8 scope global ib0"; echo "3: ib0    inet 10.0.0.3/8 scope global ib0" ;;
esac`;

/** What node2 of three says, without its clock, of checks that preflight.sh may hold. */
async function answer(
  checks: readonly string[],
  env: Readonly<Record<string, string>> = {},
  interface_: string | readonly string[] = 'auto',
) {
  run.file('preflight.sh', checks.join('\n'));
  const { out } = await run.node(['MARK', ...[interface_].flat()], {
    DYN_SLURM_NODES: 'node1 node2 node3',
    SLURMD_NODENAME: 'node2',
    ...env,
  });
  const lines = out
    .trim()
    .replaceAll(/^MARK /gm, '')
    .split('\n');
  expect(lines.pop()).toMatch(/^node2 clock \d{13}$/);
  return lines.filter((line) => !line.startsWith('node2 warning lets a process lock'));
}

/** A port of an address on which something listens. */
async function listening(address: string): Promise<number> {
  const server = createServer().listen(0, address);
  servers.push(server);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

test('a node checks its own part', async () => {
  expect(await answer(["on 0 2 -- readable 'the model' /nowhere", 'on 1 -- readable it /none'])).toEqual([
    'node2 address 127.0.0.1 eth9',
    'node2 problem cannot read it, /none',
  ]);
});

test('a host name with a domain is the same node', async () => {
  expect(
    await answer(['on 1 -- readable it /none'], { DYN_SLURM_NODES: 'a node2.example.org' }),
  ).toHaveLength(2);
});

test.each([
  ['eight', '8', []],
  ['too few', '6', ['node2 fault shows 6 GPUs, and workers need 8']],
])('GPUs are counted: %s', async (_, shown, said) => {
  run.program('nvidia-smi', `for i in $(seq ${shown}); do echo "GPU $i: NVIDIA H100 (UUID: GPU-$i)"; done`);
  expect((await answer(['on 1 -- gpus 8'])).slice(1)).toEqual(said);
});

test('a program that a step runs on the node itself', async () => {
  run.program('balancer', 'exit 0');
  writeFileSync(join(run.bin, 'no-balancer'), '');
  // Not on everybody's PATH, as Debian's nginx.
  const env = { PATH: `${run.bin}:/usr/bin:/bin` };
  const checks = ['balancer', 'chroot', 'no-balancer'].map(
    (name) => `on 0 1 -- program ${name} 'others need it: install it'`,
  );
  expect((await answer(checks, env)).slice(1)).toEqual([
    'node2 problem has no no-balancer on its PATH, and others need it: install it',
  ]);
  expect((await answer(["on 0 2 -- program no-balancer 'others need it'"], env)).slice(1)).toEqual([]);
});

/** This process, for a user who may know, and where `ss` is there. */
const HOLDER = `${readFileSync('/proc/self/comm', 'utf8').trim()} (process ${process.pid}) of user ${userInfo().username} listens on it`;

test('who else listens on a port is told by the user alone', async () => {
  const port = await listening('127.0.0.1');
  run.program('ss', 'echo "LISTEN 0 511 127.0.0.1:1 0.0.0.0:*"');
  expect((await answer([`on 1 -- ports etcd ${port}`])).filter((line) => line.includes('problem'))).toEqual([
    `node2 problem has port ${port} in use already, which etcd needs: a program of user ${userInfo().username} listens on it`,
  ]);
});

test('ports that may move: what is taken, and which of the others are no choice', async () => {
  const [mine, other] = await Promise.all(['127.0.0.1', '127.0.0.2'].map(listening));
  run.file('movable-ports.txt', `${mine} ${other} 1-2 8-9\n3-4 5-6 ${mine}-${mine} 10-11\n`);
  expect(await answer([`on 1 -- ports frontend-0 ${mine} 3`])).toEqual(
    expect.arrayContaining([
      'node2 busy 1',
      'node2 busy 2',
      `node2 taken has port ${mine} in use already, which frontend-0 needs: ${HOLDER}`,
    ]),
  );
});

test('ports: what listens on the address, or on all, is in the way', async () => {
  const [mine, all, other] = [
    await listening('127.0.0.1'),
    await listening('0.0.0.0'),
    await listening('127.0.0.9'),
  ];
  const checks = [`on 1 -- ports frontend-0 ${mine} ${other}`, `on 1 -- ports etcd ${all}-${all}`];
  expect((await answer(checks)).filter((line) => line.includes('problem'))).toEqual([
    `node2 problem has port ${mine} in use already, which frontend-0 needs: ${HOLDER}`,
    `node2 problem has port ${all} in use already, which etcd needs: ${HOLDER}`,
  ]);
});

test('a port on all addresses must be free on each, except where all nodes are one machine', async () => {
  const other = await listening('127.0.0.9');
  const checks = [`on 1 -- ports decode-0 '*:${other}'`];
  const problems = async (env = {}) => (await answer(checks, env)).filter((line) => line.includes('problem'));
  expect(await problems()).toEqual([
    `node2 problem has port ${other} in use already, which decode-0 needs: ${HOLDER}`,
  ]);
  expect(await problems({ DYN_SLURM_REHEARSAL: '1' })).toEqual([]);
});

test('the folder of etcd is on a disk of the node', async () => {
  const folder = join(run.dir, 'local');
  mkdirSync(folder);
  const check = async () => (await answer([`on 1 -- local_dir ${folder}`])).slice(1);
  expect(await check()).toEqual([]);
  run.program('df', 'echo Type Avail; echo ext4 1024');
  expect(await check()).toEqual([
    `node2 fault has only 1024 KB left in ${folder}, which should hold the data of etcd and NATS`,
  ]);
  for (const type of ['nfs4', 'lustre', 'gpfs', 'beegfs_nodev', 'cifs', 'fuse.sshfs', 'wekafs']) {
    run.program('df', `echo Type Avail; echo ${type} 999999999`);
    expect(await check()).toEqual([
      `node2 problem has ${folder} on a network file system (${type}), which is too slow for the data of etcd`,
    ]);
  }
  for (const type of ['ext4', 'xfs', 'tmpfs', 'overlay', 'zfs', 'btrfs', 'fuseblk']) {
    run.program('df', `echo Type Avail; echo ${type} 999999999`);
    expect(await check()).toEqual([]);
  }
  run.program(
    'df',
    'case $1 in --local) echo "no file systems processed" >&2; exit 1 ;; *) echo T A; echo new 999999 ;; esac',
  );
  expect(await check()).toEqual([
    `node2 problem has ${folder} on a network file system (new), which is too slow for the data of etcd`,
  ]);
  expect((await answer(['on 1 -- local_dir /nowhere'])).slice(1)).toEqual([
    'node2 problem cannot write to /nowhere, which should hold the data of etcd and NATS',
  ]);
});

test('a rehearsal has neither model nor image', async () => {
  const checks = ["on 1 -- readable 'the model' /none"];
  expect(await answer(checks, { DYN_SLURM_REHEARSAL: '1' })).toEqual(['node2 address 127.0.0.1 eth9']);
});

test('variables that steer engines are told by their names', async () => {
  const told = async (env: Readonly<Record<string, string>>) =>
    (await answer([], env)).filter((line) => line.includes(' warning '));
  expect(await told({ CUDA_VISIBLE_DEVICES: '0,1,2', DYN_SLURM_NODE_IPS: 'x', no_proxy: 'x' })).toEqual([]);
  const steering = {
    NCCL_DEBUG: 's3cret',
    https_proxy: 'x',
    HTTP_PROXY: 'x',
    PYTHONPATH: 'x',
    LD_PRELOAD: '',
  };
  expect(await told({ ...steering, CUDA_VISIBLE_DEVICES: '4,5' })).toEqual([
    'node2 warning has variables in the environment of its steps that steer engines: HTTP_PROXY, LD_PRELOAD, NCCL_DEBUG, PYTHONPATH, https_proxy, CUDA_VISIBLE_DEVICES',
  ]);
  expect(await told({ CUDA_VISIBLE_DEVICES: '' })).toHaveLength(1);
});
