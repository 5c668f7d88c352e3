import { existsSync, readdirSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { RunFolder } from './run-folder.ts';

let run: RunFolder;
beforeEach(() => {
  run = new RunFolder();
});
afterEach(() => run.dispose());

const NAMES = [
  'GLOO_SOCKET_IFNAME',
  'MC_TCP_BIND_ADDRESS',
  'MOONCAKE_LOCAL_HOSTNAME',
  'NCCL_SOCKET_IFNAME',
  'NVSHMEM_BOOTSTRAP_UID_SOCK_IFNAME',
  'NO_PROXY',
  'no_proxy',
];

/** What a command of a step on the second node of two has of its network, whose interfaces are these. */
async function environment(interfaces: string, before = '', after = '') {
  const { out } = await run.inTask(
    `export ATTEMPT_DIR=$RUN_DIR DYN_SLURM_NODE_IPS='10.0.0.1 10.0.0.2' DYN_SLURM_NODE_INTERFACES='${interfaces}'
export SLURM_NODEID=0 SLURMD_NODENAME=node2; NODE=(node1.example.org node2)
${before}
bind decode-0 1
${after}
run printenv`,
  );
  const all = out.split('\n').map((line) => line.split(/=(.*)/s, 2));
  return Object.fromEntries(all.filter(([name]) => NAMES.includes(name ?? '') || name === 'UCX_NET_DEVICES'));
}

const NO_PROXY = 'localhost,127.0.0.1,::1,10.0.0.1,10.0.0.2,node1.example.org,node2,node1';
const rdma = existsSync('/sys/class/infiniband') && readdirSync('/sys/class/infiniband').length > 0;

test('what guesses which network to use is told the one of the node’s address', async () => {
  expect(await environment('eth0 eth1')).toEqual({
    GLOO_SOCKET_IFNAME: 'eth1',
    MC_TCP_BIND_ADDRESS: '10.0.0.2',
    MOONCAKE_LOCAL_HOSTNAME: '10.0.0.2',
    NCCL_SOCKET_IFNAME: '=eth1',
    NVSHMEM_BOOTSTRAP_UID_SOCK_IFNAME: 'eth1',
    ...(!rdma && { UCX_NET_DEVICES: 'eth1' }),
    NO_PROXY,
    no_proxy: NO_PROXY,
  });
});

test('an interface that cannot be told is not', async () => {
  expect(await environment('eth0 -')).toEqual({
    MC_TCP_BIND_ADDRESS: '10.0.0.2',
    MOONCAKE_LOCAL_HOSTNAME: '10.0.0.2',
    NO_PROXY,
    no_proxy: NO_PROXY,
  });
});

test('what a preamble or a config says counts, and lists of hosts without a proxy are merged', async () => {
  const said = await environment(
    'eth0 eth1',
    'export NCCL_SOCKET_IFNAME=ib0 no_proxy=.example.com,10.0.0.1 NO_PROXY=.other',
    'ENVIRONMENT=(GLOO_SOCKET_IFNAME=ib1 UCX_NET_DEVICES=mlx5_0:1)',
  );
  const merged =
    '.example.com,10.0.0.1,.other,localhost,127.0.0.1,::1,10.0.0.2,node1.example.org,node2,node1';
  expect(said).toMatchObject({
    NCCL_SOCKET_IFNAME: 'ib0',
    GLOO_SOCKET_IFNAME: 'ib1',
    UCX_NET_DEVICES: 'mlx5_0:1',
    NO_PROXY: merged,
    no_proxy: merged,
  });
});
