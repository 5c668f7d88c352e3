import { afterEach, expect, test } from 'vitest';
import { type Cluster, openCluster } from './cluster.ts';

let cluster: Cluster;
afterEach(() => cluster.close());

test('the time limit warns the batch script, then ends all', async () => {
  cluster = openCluster({ DYN_SLURM_STANDIN_KILL_WAIT: '2' });
  const id = await cluster.submit(
    '--time=0-00:00:10 --signal=B:USR1@5',
    `trap 'echo warned' USR1; trap 'echo told' TERM
     srun bash -c 'trap "echo task warned" USR1; while :; do sleep 0.1; done' &
     while kill -0 $!; do wait $!; done`,
  );
  await cluster.reach(id, 'TIMEOUT');
  const { stdout } = await cluster.run('squeue', '--states=all', '--format=%T %r');
  expect(stdout).toBe('TIMEOUT TimeLimit\n');
  const output = cluster.read('job.out').replace(/AT \S+/g, 'AT TIME');
  expect(output).toContain('warned\n');
  expect(output).not.toContain('task warned');
  expect(output).toContain(
    `slurmstepd-node0: error: *** JOB ${id} ON node0 CANCELLED AT TIME DUE TO TIME LIMIT ***\n`,
  );
});

test('a missing folder for the output fails the job, with nothing to read', async () => {
  cluster = openCluster();
  cluster.write('job.sh', '#!/bin/bash\ntrue\n');
  const { stdout } = await cluster.run('sbatch', '--parsable', '--output=missing/job.out', 'job.sh');
  await cluster.reach(stdout.trim(), 'FAILED');
  const listed = await cluster.run('squeue', '--states=all', '--format=%T %r');
  expect(listed.stdout).toBe('FAILED JobLaunchFailure\n');
});
