import { existsSync, readdirSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Load } from '../load.ts';
import type { LoginCli } from './cli.ts';
import { type Cluster, clusterAvailable, down, up } from './cluster.ts';
import { laptopCli } from './laptop.ts';
import { type Allocated, SessionSite } from './session-site.ts';

const unavailable = clusterAvailable();

const CONFIG = `
name: lab
topology: {gpu: h100, prefill: {nodes: 2}, decode: {workers: 2, nodes: 2}}
model: {path: /home/model, served_name: tiny}
slurm: {account: research, partition: batch, time: 10m}
`;

describe.skipIf(unavailable)(`allocate${unavailable ? ` (skipped: ${unavailable})` : ''}`, () => {
  let cluster: Cluster;
  let site: SessionSite;
  let ada: LoginCli;
  beforeAll(async () => {
    cluster = await up({ nodes: 4 });
    site = new SessionSite(cluster);
    ada = site.ada;
    await site.put('lab.yaml', CONFIG);
    await site.put('nowhere.yaml', CONFIG.replace('partition: batch', 'partition: nowhere'));
  });
  afterAll(() => down(cluster));
  afterEach(() => site.clear());

  test('a worker is restarted under load, with a changed argument and with a wrong one', async () => {
    const session = await site.allocate('lab.yaml');
    const steps = ['decode-0', 'decode-1', 'etcd', 'frontend-0', 'nats', 'prefill-0', 'session'];
    expect(await site.steps(session.job)).toEqual(expect.arrayContaining(steps));
    const load = new Load(session.url, 'tiny');
    await load.completions(5);
    const engines = async (node: string) =>
      (await cluster.onNode(node, ['pgrep', '-u', 'ada', '-af', 'dynamo.mocker'])).stdout.trim().split('\n');
    const [, , decode = ''] = session.nodes;
    const before = await engines(decode);
    const restarted = await load.whileStopping(() =>
      ada.run(['restart', 'decode-0', '--arg', 'max-running-requests=64']),
    );
    expect(restarted).toMatchObject({ code: 0, stdout: '' });
    expect(restarted.stderr).toMatch(/^decode-0\n {2}\+ --max-running-requests 64\n/);
    await load.completions(20);
    // Another process has it, in the same allocation.
    const [engine = '', ...others] = await engines(decode);
    expect(others).toEqual([]);
    expect(engine).toContain('--max-num-seqs 64');
    expect(before).not.toContain(engine);
    expect(await site.queue()).toBe(`${session.job} RUNNING dyn-slurm:${session.run}`);
    // The other one alone.
    const stopped = await load.whileStopping(async () => {
      const { stdout } = await ada.run(['stop', 'decode-0']);
      await load.completions(20);
      return stdout;
    });
    expect(stopped).toBe('decode-0 stopped\n');
    expect((await ada.run(['start', 'decode-0'])).code).toBe(0);
    expect((await engines(decode))[0]).toContain('--max-num-seqs 64');
    await load.completions(20);
    expect(await load.stop()).toEqual([]);

    const wrong = await ada.run(['restart', 'decode-1', '--arg', 'max-running-requests=x']);
    expect(wrong.code).toBe(7);
    expect(wrong.stderr).toMatch(/last line {2}ValueError: invalid literal for int\(\) with base 10: 'x'/);
    expect(await site.workers()).toMatchObject([
      { worker: 'frontend-0', state: 'serving', restarts: 0 },
      { worker: 'prefill-0', state: 'serving', restarts: 0 },
      { worker: 'decode-0', state: 'serving', restarts: 2, args: { 'max-running-requests': '64' } },
      {
        worker: 'decode-1',
        state: 'ended',
        restarts: 1,
        args: { 'max-running-requests': 'x' },
        end: { exit: 1 },
      },
      { worker: 'bench', state: 'idle' },
    ]);
    expect((await ada.run(['start', 'decode-1', '--reset'])).code).toBe(0);

    const hosts = await ada.run(['exec', '1', '--', 'hostname']);
    expect(hosts).toMatchObject({ stdout: `${session.nodes[1]}\n`, code: 0 });
    const bench = await ada.run([
      'bench',
      '--',
      'echo "$DYN_SLURM_URL" | tee "$DYN_SLURM_RESULTS/url"; exit 3',
    ]);
    expect(bench).toMatchObject({ stdout: `${session.url}\n`, code: 7 });

    const released = await ada.run(['release']);
    expect(released).toMatchObject({ code: 0, stdout: expect.stringContaining('is released') });
    await expect.poll(() => site.queue()).toBe('');
    await expect.poll(() => site.leftovers()).toEqual([]);
    expect((await ada.run(['release'])).code).toBe(0);
    expect(site.events(session).at(-1)).toMatchObject({ kind: 'verdict', outcome: 'succeeded' });
  });

  test('two terminals are obeyed one after the other', async () => {
    const session = await site.allocate('lab.yaml');
    const both = await Promise.all([
      ada.run(['restart', 'decode-0', '--no-wait']),
      ada.run(['restart', 'decode-1', '--no-wait']),
    ]);
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    const order = site.events(session).filter(({ kind }) => kind === 'command' || kind === 'answer');
    expect(order.map(({ kind }) => kind)).toEqual(
      Array.from({ length: 3 }, () => ['command', 'answer']).flat(),
    );
    expect(order.map(({ command }) => command)).toEqual(
      order.map(({ command }, index) => (index % 2 ? order[index - 1]?.command : command)),
    );
  });

  test('what runs outlives its supervisor, and obeys the next one', async () => {
    const session = await site.allocate('lab.yaml');
    const engines = async () =>
      (await site.leftovers()).filter((line) => line.includes('dynamo')).map((line) => line.split(' ')[0]);
    const load = new Load(session.url, 'tiny');
    // Its srun, on the login node; then itself.
    await cluster.onNode('login', ['pkill', '-KILL', '-u', 'ada', '-f', 'srun.*job.sbatch']);
    const told = await load.whileStopping(async () => {
      const { stdout } = await ada.run(['stop', 'decode-1']);
      expect((await ada.run(['start', 'decode-1'])).code).toBe(0);
      return stdout;
    });
    expect(told).toBe('decode-1 stopped\n');
    const before = await engines();
    const head = session.nodes[0] ?? '';
    await cluster.onNode(head, ['pkill', '-KILL', '-u', 'ada', '-f', 'bash -l .*job.sbatch']);
    await expect.poll(() => site.steps(session.job)).not.toContain('session');

    const attached = await ada.run(['attach']);
    expect(attached).toMatchObject({ code: 0 });
    expect(attached.stderr).toContain('a new one has taken over the running steps');
    await load.completions(3);
    expect(await load.stop()).toEqual([]);
    expect(await engines()).toEqual(before);
    const resumed = () => site.events(session).findLast(({ kind }) => kind === 'session-resumed');
    await expect.poll(resumed).toMatchObject({
      adopted: expect.arrayContaining(['etcd', 'nats', 'frontend-0', 'prefill-0', 'decode-0', 'decode-1']),
    });
    // A worker of two nodes, whose sruns are gone.
    expect((await ada.run(['restart', 'prefill-0', 'decode-1'])).code).toBe(0);
    const stopped = site.events(session).filter(({ kind }) => kind === 'step-stopped');
    expect(stopped.slice(-2).map(({ step }) => step)).toEqual(['prefill-0', 'decode-1']);
    expect((await ada.run(['release'])).code).toBe(0);
    await expect.poll(() => site.queue()).toBe('');
    await expect.poll(() => site.leftovers()).toEqual([]);
  });

  test('over ssh: the session lives there, and its nodes are at hand here', async () => {
    const cli = laptopCli(cluster);
    await cli.put('.config/dyn-slurm/clusters/far.yaml', 'host: login\n');
    await cli.put('lab.yaml', CONFIG);
    const far = { env: { DYN_SLURM_CLUSTER: 'far' } };
    const allocated = await cli.run(['allocate', 'lab.yaml', '--json'], far);
    expect(allocated).toMatchObject({ code: 0, stderr: '' });
    const session: Allocated = JSON.parse(allocated.stdout.trim().split('\n').at(-1) ?? '');
    // The connection that started it is gone.
    expect((await cli.run(['restart', 'decode-0', '--arg', 'max-running-requests=32'], far)).code).toBe(0);
    const node = await cli.run(
      ['exec', '1', '--', 'bash', '-c', 'echo "it is $SLURMD_NODENAME"; exit 3'],
      far,
    );
    expect(node).toMatchObject({ code: 3, stdout: `it is ${session.nodes[1]}\n` });
    const shell = await cli.ask(
      ['shell', '2'],
      [[/\$ /, 'stty size; echo "at $SLURMD_NODENAME"; exit']],
      far,
    );
    expect(shell.code).toBe(0);
    expect(shell.stdout).toContain(`at ${session.nodes[2]}`);
    expect(await cli.run(['release'], far)).toMatchObject({ code: 0 });
    await expect.poll(() => site.queue()).toBe('');
  });

  test("a refusal in Slurm's own words leaves nothing", async () => {
    const { code, stderr } = await ada.run(['allocate', 'nowhere.yaml']);
    expect(code).toBe(5);
    expect(stderr).toContain('salloc: error: invalid partition specified: nowhere');
    expect(existsSync(site.home('dyn-slurm-runs')) ? readdirSync(site.home('dyn-slurm-runs')) : []).toEqual(
      [],
    );
  });

  test('while it waits, the reason is told; an interrupt withdraws it', async () => {
    const { stdout } = await cluster.onLogin([
      'sbatch',
      '--parsable',
      '-Aresearch',
      '-N4',
      '--exclusive',
      '--wrap=sleep 300',
    ]);
    const waiting = ada.start(['allocate', 'lab.yaml']);
    await waiting.says(/job \d+ is pending: (Resources|Priority)/);
    await waiting.kill('INT');
    expect((await waiting.ended).code).toBe(130);
    await expect.poll(() => site.queue()).toMatch(new RegExp(`^${stdout.trim()} RUNNING`));
    expect(readdirSync(site.home('dyn-slurm-runs'))).toEqual([]);
  });
});
