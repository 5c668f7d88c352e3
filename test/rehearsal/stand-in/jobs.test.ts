import { afterEach, expect, test } from 'vitest';
import { nodeAddress } from '../../../src/rehearsal/slurm/job-record.ts';
import { type Cluster, openCluster } from './cluster.ts';

let cluster: Cluster;
afterEach(() => cluster.close());

test('twenty submissions at once have twenty ids', async () => {
  cluster = openCluster();
  cluster.write('job.sh', '#!/bin/bash\nexit 0\n');
  const results = await Promise.all(
    Array.from({ length: 20 }, () => cluster.run('sbatch', '--parsable', '--output=/dev/null', 'job.sh')),
  );
  expect(new Set(results.map(({ stdout }) => Number(stdout))).size).toBe(20);
});

test('a job that waits runs the script as it was submitted, and on the right end of another', async () => {
  cluster = openCluster();
  cluster.write('first.sh', '#!/bin/bash\nuntil [[ -e go ]]; do sleep 0.05; done\nexit 3\n');
  cluster.write('next.sh', '#!/bin/bash\necho ran\n');
  const submit = async (output: string, ...args: string[]) =>
    (await cluster.run('sbatch', '--parsable', `--output=${output}`, ...args)).stdout.trim();
  const first = await submit('/dev/null', 'first.sh');
  const ok = await submit('ok.out', `--dependency=afterok:${first}`, '--kill-on-invalid-dep=yes', 'next.sh');
  const notOk = await submit('not-ok.out', `--dependency=afternotok:${first}`, 'next.sh');
  const any = await submit('any.out', `--dependency=afterany:${first}`, 'next.sh');
  cluster.write('next.sh', '#!/bin/bash\necho edited\n');
  const reasons = async () =>
    (await cluster.run('squeue', '--states=all', '--format=%i %T %r')).stdout.trim().split('\n');
  const waiting = [`${first} RUNNING None`, ...[ok, notOk, any].map((id) => `${id} PENDING Dependency`)];
  await expect.poll(reasons).toEqual(waiting);
  cluster.write('go', 'go');
  await expect
    .poll(reasons)
    .toEqual([
      `${first} FAILED NonZeroExitCode`,
      `${ok} CANCELLED DependencyNeverSatisfied`,
      `${notOk} COMPLETED None`,
      `${any} COMPLETED None`,
    ]);
  expect(cluster.read('not-ok.out') + cluster.read('any.out')).toBe('ran\nran\n');
});

test('nodes have names and addresses of their own, which no two live jobs share', async () => {
  cluster = openCluster();
  const body =
    'srun bash -c \'echo $SLURMD_NODENAME $DYN_SLURM_NODE_ADDR $(ip -4 -o addr show dev eth0 | sed "s/.*inet //; s/ .*//")\' | sort';
  const first = await cluster.submit('--nodes=3', body);
  await cluster.reach(first, 'COMPLETED');
  const lines = (job: string, nodes: number) =>
    Array.from({ length: nodes }, (_, index) => {
      const address = nodeAddress(Number(job), index);
      return `node${index} ${address} ${address}/8\n`;
    }).join('');
  expect(cluster.read('job.out')).toBe(lines(first, 3));
  const second = await cluster.submit('--nodes=1', body);
  await cluster.reach(second, 'COMPLETED');
  expect(second).not.toBe(first);
  expect(cluster.read('job.out')).toBe(lines(first, 3) + lines(second, 1));
});

test('what dyn-slurm asks squeue and scontrol', async () => {
  cluster = openCluster({ SLURM_TIME_FORMAT: '%s' });
  const id = await cluster.submit('--nodes=2 --time=0-01:00:00 --comment="a | b"', 'exec sleep 60');
  await cluster.reach(id, 'RUNNING');
  const format = '--format=%i|%T|%D|%V|%S %e|%N|%k|%r';
  const listed = await cluster.run('squeue', '--local', '--noheader', '--states=all', format, '--me');
  const [, started = 0, ends = 0] = /(\d+) (\d+)/.exec(listed.stdout)?.map(Number) ?? [];
  expect(listed.stdout).toMatch(/^\d+\|RUNNING\|2\|\d{10}\|\d{10} \d{10}\|node\[0-1\]\|a \| b\|None\n$/);
  expect(ends - started).toBe(3600);
  const job = await cluster.run('scontrol', '--details', 'show', 'job', id);
  expect(job.stdout).toMatch(/JobState=RUNNING .*Restarts=0 RunTime=0-00:00:\d\d TimeLimit=0-01:00:00\n/s);
  expect((await cluster.run('scontrol', 'show', 'hostnames', 'node[0-1]')).stdout).toBe('node0\nnode1\n');
  expect(await cluster.run('squeue', '--jobs=99')).toEqual({
    stdout: '',
    stderr: 'slurm_load_jobs error: Invalid job id specified\n',
    exitCode: 1,
  });
  expect((await cluster.run('squeue', `--jobs=99,${id}`, '--format=%i')).stdout).toBe(`${id}\n`);
});

test('a step ends with its first bad exit, and the job goes on', async () => {
  cluster = openCluster();
  const id = await cluster.submit(
    '--nodes=2',
    `srun --kill-on-bad-exit=1 --output=%N.%t.log bash -c 'echo up; ((SLURM_PROCID)) || { touch first; sleep 7051; }; until [ -e first ]; do sleep 0.1; done; exit 3'
     echo "= $?"
     srun nope
     echo "= $?"`,
  );
  await cluster.reach(id, 'COMPLETED');
  expect(cluster.read('node0.0.log') + cluster.read('node1.1.log')).toBe('up\nup\n');
  expect(cluster.read('job.out').split('\n').sort().join('\n').trim()).toBe(
    [
      '= 143',
      '= 2',
      'slurmstepd-node0: error: execve(): spawn nope ENOENT',
      'slurmstepd-node1: error: execve(): spawn nope ENOENT',
      'srun: error: node0: task 0: Exited with exit code 2',
      'srun: error: node0: task 0: Terminated',
      'srun: error: node1: task 1: Exited with exit code 2',
      'srun: error: node1: task 1: Exited with exit code 3',
    ].join('\n'),
  );
});

test('srun passes USR2 on, and ends its step on TERM', async () => {
  cluster = openCluster();
  const id = await cluster.submit(
    '',
    `srun --output=step.log bash -c 'trap "echo told" USR2; trap "" TERM; echo up; while :; do sleep 0.1; done' &
     until [[ -s step.log ]]; do sleep 0.05; done
     kill -USR2 $!
     until grep -q told step.log; do sleep 0.05; done
     kill -TERM $!
     wait $!; echo "= $?"`,
  );
  await cluster.reach(id, 'COMPLETED');
  expect(cluster.read('job.out')).toBe('srun: error: node0: task 0: Killed\n= 137\n');
});

test('salloc --no-shell holds nodes for steps of others', async () => {
  cluster = openCluster();
  const held = await cluster.run('salloc', '--no-shell', '--comment=x', '--nodes=2');
  const id = /allocation (\d+)/.exec(held.stderr)?.[1] ?? '';
  expect(held).toEqual({
    stdout: '',
    stderr: `salloc: Pending job allocation ${id}\nsalloc: Granted job allocation ${id}\n`,
    exitCode: 0,
  });
  const step = [`--jobid=${id}`, '--nodes=1', '--ntasks=1', '--nodelist=node1', '--overlap'];
  const login = ['--export=HOME', '/bin/bash', '-l', '-c', 'echo $SLURMD_NODENAME ${MINE:-none}'];
  cluster.write('told.sh', `#!/bin/bash\nMINE=1 srun ${step.join(' ')} "$@"\n`);
  expect(await cluster.run('./told.sh', ...login)).toEqual({
    stdout: 'node1 none\n',
    stderr: '',
    exitCode: 0,
  });
  const path = await cluster.run('srun', ...step, '--export=HOME', '/bin/bash', '-l', '-c', 'type -P ip');
  expect(path.stdout).toMatch(/rehearsal\/node-bin\/ip\n$/);
  await cluster.run('scancel', id);
  await cluster.reach(id, 'CANCELLED');
  expect((await cluster.run('srun', ...step, 'true')).stderr).toBe(
    `srun: error: Unable to confirm allocation for job ${id}: Invalid job id specified\n`,
  );
});

test('sbatch --test-only says when a script would start, and submits nothing', async () => {
  cluster = openCluster();
  const test = 'printf "#!/bin/sh\\n#SBATCH --nodes=2 --partition=gpu\\n" | sbatch --test-only --chdir=/x';
  expect((await cluster.run('bash', '-c', test)).stderr).toMatch(
    /^sbatch: Job 1 to start at \S+ using 2 processors on nodes node\[0-1\] in partition gpu\n$/,
  );
  expect((await cluster.run('squeue', '--states=all')).stdout).toBe('');
});

test('more nodes than one machine can play are refused', async () => {
  cluster = openCluster();
  cluster.write('job.sh', '#!/bin/bash\n#SBATCH --nodes=251\n');
  expect(await cluster.run('sbatch', 'job.sh')).toEqual({
    stdout: '',
    stderr: 'sbatch: error: Batch job submission failed: Node count specification invalid\n',
    exitCode: 1,
  });
});

test('sacct says that there are no accounts', async () => {
  cluster = openCluster();
  expect(await cluster.run('sacct', '--jobs=1')).toEqual({
    stdout: '',
    stderr: 'Slurm accounting storage is disabled\n',
    exitCode: 1,
  });
});
