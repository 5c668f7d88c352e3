import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, clusterAvailable, down, up } from './cluster.ts';
import { Runs } from './runs.ts';

const unavailable = clusterAvailable();
const PAIR = { prefill: { nodes: 1 }, decode: { nodes: 2 } };

describe.skipIf(unavailable)(`names and addresses${unavailable ? ` (skipped: ${unavailable})` : ''}`, () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await up({ nodes: 3, domain: 'hpc.test' });
    const profiles = join(cluster.shared, 'dyn-slurm/clusters');
    mkdirSync(profiles, { recursive: true });
    writeFileSync(join(profiles, 'six.yaml'), 'interface: six0\n');
  });
  afterAll(() => down(cluster));
  afterEach(() => new Runs(cluster).clear());

  test('nodes whose names in Slurm have a domain get their roles, their logs and their blame', async () => {
    const runs = new Runs(cluster);
    const run = await runs.submit('named', PAIR);
    const { nodes } = await runs.event(run, 'nodes-bound');
    expect(nodes).toEqual(
      cluster.nodes.map(({ name, ip }, index) => ({ index, host: `${name}.hpc.test`, ip })),
    );
    await runs.event(run, 'ready');
    expect(await runs.host(run, 'decode-0', 1)).toBe('node3.hpc.test');
    const logs = await runs.cli('logs', run.run, '--role', 'decode', '--node', 'node3.hpc.test', '-n', '1');
    expect({ code: logs.code, stderr: logs.stderr }).toEqual({ code: 0, stderr: '' });
    expect(logs.stdout).toMatch(/^decode-0@node3\S* /);
    await runs.signal(run, 'decode-0', 'KILL', 1);
    await runs.ends(run, {
      code: 7,
      verdict: {
        outcome: 'failed',
        reason: 'decode-0 on node3.hpc.test was killed by SIGKILL',
        node: 'node3.hpc.test',
        signal: 'KILL',
      },
    });
    const [, log = ''] = /^ {2}log +(.*)$/m.exec((await runs.cli('status', run.run)).stdout) ?? [];
    expect(existsSync(log), log).toBe(true);
  });

  test('nodes with nothing but an IPv6 address on their interface are named, before anything starts', async () => {
    for (const box of ['node1', 'node2', 'node3']) {
      const add = `ip link add six0 type bridge && ip link set six0 up && ip address add fd00::${box.slice(-1)}/64 dev six0`;
      expect(await cluster.onNode(box, ['bash', '-c', add])).toMatchObject({ code: 0 });
    }
    const runs = new Runs(cluster);
    const run = await runs.submit('six', { ...PAIR, cluster: 'six' });
    await runs.ends(run, {
      code: 7,
      verdict: {
        outcome: 'failed',
        reason: expect.stringMatching(
          /^node\d\.hpc\.test.* (has|have) no IPv4 address on an interface that fits `interface: six0` of the cluster profile/,
        ),
      },
    });
    expect((await runs.events(run)).map(({ kind }) => kind)).not.toContain('step-started');
  });
});
