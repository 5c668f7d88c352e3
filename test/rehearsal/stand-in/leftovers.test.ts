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

test('a job whose keeper is killed has failed with its node, and nothing runs on', async () => {
  cluster = openCluster();
  const id = await cluster.submit('--nodes=2', "srun bash -c 'echo up >up.$SLURM_PROCID; sleep 7031'");
  await cluster.await('up.1');
  const keepers = marked(cluster.state).filter((line) => line.includes(`slurm.js keeper ${id}`));
  expect(keepers).toHaveLength(1);
  const [pid] = keepers[0]?.split(' ') ?? [];
  process.kill(Number(pid), 'SIGKILL');
  await cluster.reach(id, 'NODE_FAIL');
  await expect.poll(() => running('sleep 7031')).toEqual([]);
  const { stdout } = await cluster.run('scontrol', 'show', 'job', '-o', id);
  expect(stdout).toContain('JobState=NODE_FAIL Reason=NodeDown');
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
  const srun = 'srun --overlap --nodes=1 --ntasks=1 --output=%x.%N.log';
  cluster.write('outer.sh', `#!/bin/bash\necho $$ >outer\n${srun} --job-name=inner bash inner.sh &\nwait\n`);
  const id = await cluster.submit('', `${srun} --job-name=outer bash outer.sh &\nsleep 60`);
  await cluster.await('up');
  process.kill(Number(await cluster.await('outer')), 'SIGKILL');
  const steps = async () =>
    (await cluster.run('squeue', '--steps', '--noheader', '--format=%i|%j', `--jobs=${id}`)).stdout
      .split('\n')
      .filter(Boolean);
  while ((await steps()).length > 1) await sleep(50);
  // The keeper looks for lost steps four times a second.
  await sleep(1000);
  expect(await steps()).toEqual([`${id}.1|inner`]);
  await cluster.run('scancel', '--signal=TERM', `${id}.1`);
  await cluster.await('told');
  while ((await steps()).length > 0) await sleep(50);
});

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
