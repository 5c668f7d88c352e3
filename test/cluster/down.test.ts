import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { describe, expect, test } from 'vitest';
import { boxPid, run } from './box.ts';
import { type Cluster, clusterAvailable, down, up } from './cluster.ts';
import { powerOff } from './faults.ts';

const unavailable = clusterAvailable();

describe.skipIf(unavailable)(`after down${unavailable ? ` (skipped: ${unavailable})` : ''}`, () => {
  test('nothing is left', async () => {
    const cluster = await up({ nodes: 3, accounting: true });
    const job = 'setsid sleep 4321 & srun -N2 sleep 4321 & echo $SLURM_JOB_ID; sleep 4321';
    await cluster.onLogin(['sbatch', '-N2', '-o/dev/null', '--wrap', job]);
    const theirs = () => processes(namespaces(cluster));
    await expect
      .poll(() => theirs().filter((pid) => command(pid).includes('sleep 4321')).length)
      .toBeGreaterThan(3);
    await powerOff(cluster, 'node3');
    const pids = theirs();
    const traces = () => ({
      link: link(cluster),
      mounts: mounts(cluster),
      folder: existsSync(cluster.state),
    });
    // Everything happens in the boxes' own namespaces, but for one cable and one folder.
    expect(traces()).toEqual({ link: [`${cluster.machine}/24`], mounts: [], folder: true });
    expect(accounts()).not.toMatch(/^(ada|otto|mia|carl|nora|jump|node1):/m);

    await down(cluster);
    await expect.poll(() => pids.filter((pid) => existsSync(`/proc/${pid}`))).toEqual([]);
    expect(traces()).toEqual({ link: [], mounts: [], folder: false });
    expect((await run(['find', '/sys/fs/cgroup', '-name', `dyn-slurm-${cluster.name}`])).stdout).toBe('');
    await down(cluster);
  });
});

/** Process namespaces of the boxes that run. */
function namespaces(cluster: Cluster): readonly string[] {
  return readdirSync(`${cluster.state}/boxes`).flatMap((box) => {
    try {
      return [readlinkSync(`/proc/${boxPid(cluster.state, box)}/ns/pid`)];
    } catch {
      return [];
    }
  });
}

function processes(inside: readonly string[]): readonly string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && inside.includes(readlinkSync(`/proc/${pid}/ns/pid`));
    } catch {
      return false;
    }
  });
}

function command(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

function mounts(cluster: Cluster): readonly string[] {
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  return lines.filter((line) => line.includes(cluster.state));
}

function link(cluster: Cluster): readonly string[] {
  const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  return addresses.flatMap(({ address, cidr }) => (address === cluster.machine ? [cidr ?? address] : []));
}

function accounts(): string {
  return ['passwd', 'group', 'shadow', 'hosts']
    .map((file) => readFileSync(`/etc/${file}`, 'utf8'))
    .join('\n');
}
