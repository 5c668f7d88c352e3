import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, clusterAvailable, down, up } from './cluster.ts';
import { Runs } from './runs.ts';

const unavailable = clusterAvailable();

describe.skipIf(unavailable)(`storage${unavailable ? ` (skipped: ${unavailable})` : ''}`, () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await up({ nodes: 2 });
    const profiles = join(cluster.shared, 'dyn-slurm/clusters');
    mkdirSync(profiles, { recursive: true });
    writeFileSync(join(profiles, 'mnt.yaml'), 'local_dir: /mnt\n');
  });
  afterAll(() => down(cluster));
  afterEach(async () => {
    await new Runs(cluster).clear();
    await onNode1('mountpoint -q /mnt && umount /mnt');
  });

  /** A few lines of bash on the first node, which has to be the job's. */
  const onNode1 = (lines: string) => cluster.onNode('node1', ['bash', '-c', lines]);
  const slurm = { directives: { nodelist: 'node1' } };

  test.each([
    [
      'a network file system',
      // sshfs, with its sftp server on the same machine.
      `printf '#!/bin/sh\\nexec /usr/lib/openssh/sftp-server\\n' >/tmp/near && chmod +x /tmp/near && mkdir -p /tmp/far
       sshfs -o ssh_command=/tmp/near files:/tmp/far /mnt`,
      /^node1 has \/mnt on a network file system \(fuse\.sshfs\), which is too slow for the data of etcd/,
    ],
    [
      'a full disk',
      'mount -t tmpfs -o size=300m,mode=1777 tmpfs /mnt && ! dd if=/dev/zero of=/mnt/filler bs=1M 2>/dev/null',
      /^node1 has only 0 KB left in \/mnt, which should hold the data of etcd and NATS/,
    ],
  ])("etcd's data on %s: refused before anything starts", async (_, mount, reason) => {
    expect(await onNode1(mount)).toMatchObject({ code: 0 });
    const runs = new Runs(cluster);
    const run = await runs.submit('placed', { cluster: 'mnt', slurm });
    await runs.ends(run, {
      code: 7,
      verdict: { outcome: 'failed', reason: expect.stringMatching(reason) },
    });
    expect((await runs.events(run)).map(({ kind }) => kind)).not.toContain('step-started');
  });

  test.each([
    [
      'a disk that is full',
      'mount -t tmpfs -o size=2m tmpfs /mnt',
      'dd if=/dev/zero of=/mnt/filler bs=4k 2>/dev/null',
      'No space left on device',
    ],
    [
      'a quota that is used up',
      `truncate -s 200M /tmp/disk && mkfs.btrfs -q -M /tmp/disk && mount -o loop /tmp/disk /mnt &&
       btrfs quota enable /mnt && btrfs qgroup limit 8M /mnt`,
      'dd if=/dev/zero of=/mnt/filler bs=4k 2>/dev/null; sync',
      'Disk quota exceeded',
    ],
  ])('%s under the logs keeps nothing from its end, and is named', async (_, mount, fill, why) => {
    expect(await onNode1(mount)).toMatchObject({ code: 0 });
    const runs = new Runs(cluster, '/mnt');
    const run = await runs.submit('cramped', { slurm });
    await runs.event(run, 'ready');
    await onNode1(fill);
    await runs.signal(run, 'aggregated-0', 'KILL');
    await runs.ends(run, {
      code: 7,
      verdict: {
        outcome: 'failed',
        reason: expect.stringMatching(
          new RegExp(`^.*aggregated-0.* its run folder cannot be written to: ${why}$`),
        ),
      },
    });
    const refused = await runs.cli('submit', runs.config('more', {}), '--json');
    expect(refused).toMatchObject({ code: 4, stderr: expect.stringMatching(new RegExp(why, 'i')) });
  });
});
