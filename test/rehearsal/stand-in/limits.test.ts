import { afterEach, expect, test } from 'vitest';
import { type Cluster, openCluster } from './cluster.ts';

let cluster: Cluster;
afterEach(() => cluster.close());

const state = async (id: string): Promise<string> =>
  (
    await cluster.run('squeue', '--noheader', '--states=all', `--jobs=${id}`, '--format=%T %t %r %l')
  ).stdout.trim();

test('the time limit warns the batch shell, then ends all', async () => {
  cluster = openCluster({ DYN_SLURM_STANDIN_KILL_WAIT: '2' });
  const id = await cluster.submit(
    '--time=0:10 --signal=B:USR1@2',
    `trap 'echo warned' USR1; trap 'echo told' TERM
     srun --overlap bash -c 'trap "echo task warned" USR1; while :; do sleep 0.1; done' &
     while kill -0 $!; do wait $!; done`,
  );
  await cluster.reach(id, 'TIMEOUT');
  expect(await state(id)).toBe('TIMEOUT TO TimeLimit 0:10');
  const output = cluster.read('job.out').replace(/AT \S+/g, 'AT TIME');
  expect(output).toContain('warned\n');
  expect(output).not.toContain('task warned');
  expect(output).toContain(`*** JOB ${id} ON node0 CANCELLED AT TIME DUE TO TIME LIMIT ***`);
  expect(output).toContain(`*** STEP ${id}.0 ON node0 CANCELLED AT TIME DUE TO TIME LIMIT ***`);
});

test('without B: the warning goes to the steps', async () => {
  cluster = openCluster();
  const id = await cluster.submit(
    '--time=1:00 --signal=USR1@50',
    `trap 'echo batch' USR1
     srun bash -c 'trap "echo step; exit 0" USR1; while :; do sleep 0.1; done' & wait $!`,
  );
  await cluster.reach(id, 'COMPLETED');
  expect(cluster.read('job.out')).toContain('step\n');
  expect(cluster.read('job.out')).not.toContain('batch');
});

test('a missing folder for the output fails the job, with nothing to read', async () => {
  cluster = openCluster();
  cluster.write('job.sh', '#!/bin/bash\ntrue\n');
  const { stdout } = await cluster.run('sbatch', '--parsable', '--output=missing/job.out', 'job.sh');
  await cluster.reach(stdout.trim(), 'FAILED');
  expect(await state(stdout.trim())).toBe('FAILED F JobLaunchFailure UNLIMITED');
  expect((await cluster.run('scontrol', 'show', 'job', stdout.trim())).stdout).toContain('ExitCode=0:53');
});

test.each([
  ['--nodes=251', 'sbatch: error: Batch job submission failed: Node count specification invalid\n'],
  ['--array=1-3', 'sbatch: error: this stand-in for Slurm runs no job arrays\n'],
])('refuses %s', async (option, message) => {
  cluster = openCluster();
  cluster.write('job.sh', '#!/bin/bash\ntrue\n');
  expect(await cluster.run('sbatch', option, 'job.sh')).toEqual({ stdout: '', stderr: message, exitCode: 1 });
  expect((await cluster.run('squeue', '--noheader', '--states=all')).stdout).toBe('');
});

test('a job is forgotten some time after its end', async () => {
  cluster = openCluster({ DYN_SLURM_STANDIN_MIN_JOB_AGE: '1' });
  const id = await cluster.submit('', 'true');
  await cluster.reach(id, 'COMPLETED');
  let last = await cluster.run('squeue', `--jobs=${id}`);
  while (last.exitCode === 0) last = await cluster.run('squeue', `--jobs=${id}`);
  expect(last).toEqual({
    stdout: '',
    stderr: 'slurm_load_jobs error: Invalid job id specified\n',
    exitCode: 1,
  });
});
