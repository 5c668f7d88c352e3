import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { type Cluster, marked, openCluster, running } from './cluster.ts';

let cluster: Cluster;
afterEach(() => cluster.close());

// Each hides from its parents in another way.
const HIDING = `
sleep 7001 &
setsid sleep 7002 &
(setsid bash -c 'sleep 7003 & exec sleep 7004' &)
env -i setsid sleep 7005 &
env -i bash -c 'trap "" TERM; sleep 7006; true' &
sleep 2.5
`;

test('the end of a job ends what it has left behind, however hidden', async () => {
  cluster = openCluster({ DYN_SLURM_STANDIN_KILL_WAIT: '1' });
  const id = await cluster.submit('--nodes=2', `srun --overlap bash -c ${quoted(HIDING)}\n${HIDING}`);
  await cluster.reach(id, 'COMPLETED');
  expect(running('sleep 700')).toEqual([]);
  // What keeps the job records its end before it ends itself.
  await expect.poll(() => marked(cluster.state)).toEqual([]);
});

test('scancel ends tasks that ignore SIGTERM, and the job is COMPLETING until then', async () => {
  // Long enough for one squeue on a busy machine.
  cluster = openCluster({ DYN_SLURM_STANDIN_KILL_WAIT: '15' });
  const id = await cluster.submit(
    '--nodes=2',
    'srun bash -c \'trap "" TERM; echo up >up.$SLURM_PROCID; sleep 7011\'',
  );
  await cluster.await('up.0');
  await cluster.await('up.1');
  await cluster.run('scancel', id);
  expect(await cluster.reach(id, 'COMPLETING', 'CANCELLED')).toBe('COMPLETING');
  await cluster.reach(id, 'CANCELLED');
  expect(running('sleep 7011')).toEqual([]);
  // What keeps the job records its end before it ends itself.
  await expect.poll(() => marked(cluster.state)).toEqual([]);
});

test('scancel --signal=KILL does not wait', async () => {
  cluster = openCluster({ DYN_SLURM_STANDIN_KILL_WAIT: '60' });
  const id = await cluster.submit('', 'trap "" TERM; echo up >up; sleep 7021');
  await cluster.await('up');
  await cluster.run('scancel', '--signal=KILL', id);
  await cluster.reach(id, 'CANCELLED');
  expect(running('sleep 7021')).toEqual([]);
});

test('a job whose daemon is killed has failed with its node, and nothing runs on', async () => {
  cluster = openCluster();
  const id = await cluster.submit('--nodes=2', "srun bash -c 'echo up >up.$SLURM_PROCID; sleep 7031'");
  await cluster.await('up.1');
  const daemons = marked(cluster.state).filter((line) => line.includes(`slurm.js job-daemon ${id}`));
  expect(daemons).toHaveLength(1);
  const [pid] = daemons[0]?.split(' ') ?? [];
  process.kill(Number(pid), 'SIGKILL');
  await cluster.reach(id, 'NODE_FAIL');
  await expect.poll(() => running('sleep 7031')).toEqual([]);
  const { stdout } = await cluster.run('squeue', '--states=all', '--format=%T %r');
  expect(stdout).toBe('NODE_FAIL NodeDown\n');
});

test('a step ends with its srun', async () => {
  cluster = openCluster();
  const id = await cluster.submit(
    '--nodes=2',
    'srun sleep 7041 & echo $! >srun.pid; wait $!; echo ended $?; sleep 3',
  );
  const pid = Number(await cluster.await('srun.pid'));
  while (running('sleep 7041').filter((line) => line.startsWith('sleep')).length < 2) await sleep(50);
  process.kill(pid, 'SIGKILL');
  while (running('sleep 7041').length > 0) await sleep(50);
  expect(await cluster.reach(id, 'RUNNING')).toBe('RUNNING');
});

test('a step whose srun was killed with the step around it goes on, and can be told to end', async () => {
  cluster = openCluster();
  cluster.write(
    'inner.sh',
    "#!/bin/bash\ntrap 'echo told >told; exit' TERM\necho up >up\nwhile :; do sleep 0.1; done\n",
  );
  const srun = (name: string) => `srun --job-name=${name} --output=${name}.%N.log bash ${name}.sh`;
  cluster.write('outer.sh', `#!/bin/bash\necho $$ >outer\n${srun('inner')} &\nwait\n`);
  const id = await cluster.submit('', `${srun('outer')} &\nsleep 60`);
  await cluster.await('up');
  process.kill(Number(await cluster.await('outer')), 'SIGKILL');
  const steps = async () =>
    (await cluster.run('squeue', '--steps', '--noheader', '--format=%i|%j', `--jobs=${id}`)).stdout
      .split('\n')
      .filter(Boolean);
  while ((await steps()).length > 1) await sleep(50);
  // The daemon looks for lost steps four times a second.
  await sleep(1000);
  expect(await steps()).toEqual([`${id}.1|inner`]);
  await cluster.run('scancel', '--signal=TERM', `${id}.1`);
  await cluster.await('told');
  while ((await steps()).length > 0) await sleep(50);
});

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
