import { existsSync } from 'node:fs';
import process from 'node:process';
import { afterEach, expect, test } from 'vitest';
import { killOutright } from '../../../src/rehearsal/leftovers.ts';
import { type Cluster, marked, openCluster } from './cluster.ts';

let cluster: Cluster;
afterEach(() => cluster.close());

test('a job that is killed outright leaves no folder on the node, though what keeps it comes too late', async () => {
  cluster = openCluster();
  const id = await cluster.submit(
    '',
    `folder=$(mktemp -d /tmp/dyn-slurm-$SLURM_JOB_ID-etcd.XXXXXX); DYN_SLURM_LOCAL_DIR=$folder bash -c 'echo "$DYN_SLURM_LOCAL_DIR" >folder; sleep 7091; true'`,
  );
  const folder = (await cluster.await('folder')).trim();
  const [keeper = ''] = marked(cluster.state).filter((line) => line.includes(`slurm.js keeper ${id}`));
  const pid = Number.parseInt(keeper, 10);
  process.kill(pid, 'SIGSTOP');
  try {
    await killOutright(cluster.state, id, AbortSignal.abort());
    expect(existsSync(folder)).toBe(false);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
});
