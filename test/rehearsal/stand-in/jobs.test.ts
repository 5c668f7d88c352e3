import { afterEach, expect, test } from 'vitest';
import { type Cluster, openCluster } from './cluster.ts';

let cluster: Cluster;
afterEach(() => cluster.close());

test('twenty submissions at once have twenty ids', async () => {
  cluster = openCluster();
  cluster.write('job.sh', '#!/bin/bash\nexit 0\n');
  const results = await Promise.all(
    Array.from({ length: 20 }, () =>
      cluster.run('sbatch', '--parsable', '--hold', '--output=/dev/null', 'job.sh'),
    ),
  );
  expect(results.map(({ stdout }) => Number(stdout)).sort((a, b) => a - b)).toEqual(
    Array.from({ length: 20 }, (_, index) => index + 1),
  );
});

test('edits after the submission do not reach the job', async () => {
  cluster = openCluster();
  cluster.write('job.sh', '#!/bin/bash\necho first "$@"\n');
  const { stdout } = await cluster.run(
    'sbatch',
    '--parsable',
    '--hold',
    '--output=job.out',
    'job.sh',
    'a b',
    'c',
  );
  cluster.write('job.sh', '#!/bin/bash\necho second\n');
  await cluster.run('scontrol', 'release', stdout.trim());
  await cluster.reach(stdout.trim(), 'COMPLETED');
  expect(cluster.read('job.out')).toBe('first a b c\n');
});

test('a script from stdin, and a wrapped command', async () => {
  cluster = openCluster();
  await cluster.run('bash', '-c', 'printf "#!/bin/sh\\necho piped\\n" | sbatch --wait --output=piped.out');
  await cluster.run('sbatch', '--wait', '--output=wrapped.out', '--wrap=echo wrapped');
  expect(cluster.read('piped.out') + cluster.read('wrapped.out')).toBe('piped\nwrapped\n');
  expect((await cluster.run('sbatch', '--wait', '--output=/dev/null', '--wrap=exit 7')).exitCode).toBe(7);
});

test('nodes have names and addresses of their own, which no two live jobs share', async () => {
  cluster = openCluster();
  const body =
    'srun --overlap bash -c \'echo $SLURMD_NODENAME $DYN_SLURM_NODE_ADDR $(ip -4 -o addr show dev eth0 | sed "s/.*inet //; s/ .*//")\' | sort';
  const first = await cluster.submit('--nodes=3', body);
  await cluster.reach(first, 'COMPLETED');
  expect(cluster.read('job.out')).toBe(
    'node0 127.21.0.10 127.21.0.10/8\nnode1 127.21.0.11 127.21.0.11/8\nnode2 127.21.0.12 127.21.0.12/8\n',
  );
  const second = await cluster.submit('--nodes=1', body);
  await cluster.reach(second, 'COMPLETED');
  expect(cluster.read('job.out')).toBe('node0 127.22.0.10 127.22.0.10/8\n');
});

test('with --export=NONE a node has Slurm’s programs and those of DYN_SLURM_STANDIN_PATH, and little else', async () => {
  cluster = openCluster({
    DYN_SLURM_STANDIN_PATH: '/somewhere',
    DYN_SLURM_SPEEDUP: '7',
    DYN_SLURM_TOOLS: '/tools',
    secret: 'x',
  });
  const id = await cluster.submit(
    '--export=NONE',
    'echo "$PATH" | tr : "\\n" | sed "s#.*/rehearsal/#REHEARSAL/#; s#.*/state/#STATE/#"; env | grep -E "^(secret|DYN_SLURM_(SPEEDUP|TOOLS))" | sort',
  );
  await cluster.reach(id, 'COMPLETED');
  expect(cluster.read('job.out').split('\n')).toEqual([
    'REHEARSAL/node-bin',
    'STATE/bin',
    '/somewhere',
    '/usr/local/sbin',
    '/usr/local/bin',
    '/usr/sbin',
    '/usr/bin',
    '/sbin',
    '/bin',
    'DYN_SLURM_SPEEDUP=7',
    'DYN_SLURM_TOOLS=/tools',
    '',
  ]);
});

test('times follow SLURM_TIME_FORMAT', async () => {
  cluster = openCluster({ SLURM_TIME_FORMAT: '%s' });
  const id = await cluster.submit('', 'sleep 0.1');
  await cluster.reach(id, 'COMPLETED');
  const { stdout } = await cluster.run(
    'squeue',
    '-h',
    '-t',
    'all',
    '-j',
    id,
    '-o',
    '%i|%T|%D|%V|%S %e|%N|%k|%r',
  );
  expect(stdout).toMatch(/^1\|COMPLETED\|1\|\d{10}\|\d{10} \d{10}\|node0\|\(null\)\|None\n$/);
});

test('dependencies wait for their job, and for the right end of it', async () => {
  cluster = openCluster();
  cluster.write('job.sh', '#!/bin/bash\nexit "$1"\n');
  const submit = async (...args: string[]) =>
    (await cluster.run('sbatch', '--parsable', '--output=/dev/null', ...args)).stdout.trim();
  const first = await submit('--hold', 'job.sh', '3');
  const ok = await submit(`--dependency=afterok:${first}`, 'job.sh', '0');
  const notOk = await submit(`--dependency=afternotok:${first}`, 'job.sh', '0');
  const any = await submit(`--dependency=afterany:${first}`, 'job.sh', '0');
  const reasons = async () =>
    (await cluster.run('squeue', '-h', '-t', 'all', '-S', 'i', '-o', '%i %T %r')).stdout.trim().split('\n');
  while (!(await reasons()).includes(`${any} PENDING Dependency`));
  expect(await reasons()).toEqual([
    `${first} PENDING JobHeldUser`,
    `${ok} PENDING Dependency`,
    `${notOk} PENDING Dependency`,
    `${any} PENDING Dependency`,
  ]);
  await cluster.run('scontrol', 'release', first);
  await cluster.reach(any, 'COMPLETED');
  await cluster.reach(notOk, 'COMPLETED');
  while (!(await reasons()).includes(`${ok} PENDING DependencyNeverSatisfied`));
});

test('salloc holds nodes for a command, or for others with --no-shell', async () => {
  cluster = openCluster();
  const held = await cluster.run('salloc', '--nodes=2', '--no-shell', '--job-name=mine');
  expect(held).toEqual({ stdout: '', stderr: 'salloc: Granted job allocation 1\n', exitCode: 0 });
  const step = await cluster.run(
    'srun',
    '--jobid=1',
    '--label',
    'bash',
    '-c',
    'echo $SLURMD_NODENAME $SLURM_NNODES',
  );
  expect(step.stdout.split('\n').sort().join('\n')).toBe('\n0: node0 2\n1: node1 2');
  await cluster.run('scancel', '1');
  await cluster.reach('1', 'CANCELLED');
  const ran = await cluster.run(
    'salloc',
    '--nodes=2',
    'bash',
    '-c',
    'srun --label hostname >/dev/null && exit 4',
  );
  expect(ran.exitCode).toBe(4);
  await cluster.reach('2', 'COMPLETED');
});

test('sacct says that there are no accounts', async () => {
  cluster = openCluster();
  expect(await cluster.run('sacct', '-j', '1')).toEqual({
    stdout: '',
    stderr: 'Slurm accounting storage is disabled\n',
    exitCode: 1,
  });
});
