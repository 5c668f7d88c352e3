import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, clusterAvailable, down, type UpOptions, up } from './cluster.ts';
import * as faults from './faults.ts';

const unavailable = clusterAvailable();
const options: UpOptions = { nodes: 3 };

describe.skipIf(unavailable)(`faults${unavailable ? ` (skipped: ${unavailable})` : ''}`, () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await up(options);
  });
  afterAll(() => down(cluster));
  // What a test that failed has left behind is no other's trouble.
  afterEach(async () => {
    await up(options);
    await cluster.exec(['scancel', '--user=ada']);
  });

  const states = async () =>
    (await cluster.exec(['sinfo', '-hN', '-pbatch', '-o%n %T'])).stdout.trim().split('\n');
  const submit = async (...words: string[]) =>
    (
      await cluster.onLogin(['sbatch', '--parsable', '-o/dev/null', '-N3', ...words, '--wrap', 'sleep 300'])
    ).stdout.trim();
  const stateOf = async (job: string) =>
    (await cluster.exec(['squeue', '-h', '-j', job, '-tall', '-o%T'])).stdout.trim();

  const running = (job: string) => expect.poll(() => stateOf(job)).toBe('RUNNING');

  test('a node that is drained goes on with its job', async () => {
    const job = await submit();
    await running(job);
    await faults.drain(cluster, 'node2', 'fan');
    expect(await states()).toEqual(['node1 mixed', 'node2 draining', 'node3 mixed']);
    expect(await stateOf(job)).toBe('RUNNING');
    await cluster.exec(['scancel', job]);
    await faults.undrain(cluster, 'node2');
    await expect.poll(states).toEqual(['node1 idle', 'node2 idle', 'node3 idle']);
  });

  test('a node whose slurmd has died goes on with its job', async () => {
    const job = await submit();
    await running(job);
    const command = async () => (await cluster.onNode('node1', ['pgrep', '-f', 'sleep 300'])).code;
    await expect.poll(command).toBe(0);
    await faults.killSlurmd(cluster, 'node1');
    expect(await command()).toBe(0);
    await up(options);
    expect(await stateOf(job)).toBe('RUNNING');
  });

  test('a node without its cable cannot be reached', async () => {
    const [node] = cluster.nodes;
    const reach = async (seconds: string) =>
      (await cluster.exec(['timeout', seconds, 'bash', '-c', `</dev/tcp/${node?.ip}/6818`])).code;
    expect(await reach('60')).toBe(0);
    await faults.unplug(cluster, 'node1');
    expect(await reach('1')).not.toBe(0);
    await faults.plugIn(cluster, 'node1');
    expect(await reach('60')).toBe(0);
  });

  test('a node without power fails its job, and comes back', async () => {
    const job = await submit('--no-requeue');
    await running(job);
    await faults.loseNode(cluster, 'node3');
    await expect.poll(() => stateOf(job), { interval: 200 }).toBe('NODE_FAIL');
    await up(options);
    await expect.poll(states).toEqual(['node1 idle', 'node2 idle', 'node3 idle']);
    expect((await cluster.exec(['srun', '-N3', 'hostname'])).stdout.split('\n').sort().join(' ')).toBe(
      ' node1 node2 node3',
    );
  });

  test('a node that is off and on again is reached at once by those that knew it', async () => {
    const steps = () => cluster.onNode('node1', ['srun', '-N3', '--time=1', 'hostname']);
    expect((await steps()).code).toBe(0);
    await faults.powerOff(cluster, 'node3');
    await up(options);
    const { stdout, code } = await steps();
    expect({ nodes: stdout.trim().split('\n').sort(), code }).toEqual({
      nodes: ['node1', 'node2', 'node3'],
      code: 0,
    });
  });

  test('a node that is misled fails to start steps until it is put right', async () => {
    await faults.mislead(cluster, 'node1', 'node2');
    const { code, stderr } = await cluster.onNode('node1', ['srun', '-N3', '--time=1', 'hostname']);
    expect(stderr).toMatch(/^srun: error: Task launch for StepId=\S+ failed on node node2: /m);
    expect(code).not.toBe(0);
    await faults.putRight(cluster, 'node1', 'node2');
    expect((await cluster.onNode('node1', ['srun', '-N3', '--time=1', 'hostname'])).code).toBe(0);
  });

  test('a controller that does not answer, and one that is gone', async () => {
    const job = await submit();
    await running(job);
    await faults.pauseController(cluster);
    const silent = await cluster.exec(['timeout', '2', 'squeue', '-h']);
    expect(silent).toMatchObject({ stdout: '', code: 124 });
    await faults.resumeController(cluster);
    expect(await stateOf(job)).toBe('RUNNING');
    await faults.stopController(cluster);
    const squeue = async () => (await cluster.exec(['squeue', '-h'])).stderr;
    await expect.poll(squeue).toContain('Unable to contact slurm controller (connect failure)');
    await up(options);
    expect(await stateOf(job)).toBe('RUNNING');
  });
});
