import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { chown, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Load } from '../load.ts';
import { type LoginCli, loginCli } from './cli.ts';
import { type Cluster, clusterAvailable, down, USERS, up } from './cluster.ts';
import { laptopCli } from './laptop.ts';

const unavailable = clusterAvailable();

const CONFIG = `
name: lab
topology: {gpu: h100, prefill: {nodes: 2}, decode: {workers: 2, nodes: 2}}
model: {path: tiny/Model-1, served_name: tiny}
slurm: {account: research, partition: batch, time: 10m}
`;

type Event = Readonly<Record<string, unknown>> & { readonly kind: string; readonly time: string };

interface Allocated {
  readonly run: string;
  readonly job: string;
  readonly dir: string;
  readonly nodes: readonly string[];
  readonly url: string;
}

describe.skipIf(unavailable)(`allocate${unavailable ? ` (skipped: ${unavailable})` : ''}`, () => {
  let cluster: Cluster;
  let ada: LoginCli;
  beforeAll(async () => {
    cluster = await up({ nodes: 4, killWait: 5 });
    ada = loginCli(cluster);
    await put('lab.yaml', CONFIG);
    await put('nowhere.yaml', CONFIG.replace('partition: batch', 'partition: nowhere'));
  });
  afterAll(() => down(cluster));
  afterEach(async () => {
    await cluster.onLogin(['scancel', '--me']);
    await expect.poll(queue, { timeout: 30_000 }).toBe('');
    expect(await leftovers()).toEqual([]);
    await cluster.onLogin(['rm', '-rf', '/home/ada/dyn-slurm-runs']);
  });

  const home = (...parts: string[]) => join(cluster.homes, 'ada', ...parts);
  async function put(path: string, text: string): Promise<void> {
    const file = home(path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
    await chown(file, USERS.ada.uid, USERS.ada.uid);
  }
  const queue = async () => (await cluster.onLogin(['squeue', '-h', '--me', '-o%i %T %k'])).stdout.trim();
  const steps = async (job: string) =>
    (await cluster.onLogin(['squeue', '-h', '--steps', `--jobs=${job}`, '-o%j'])).stdout
      .trim()
      .split('\n')
      .sort();

  /** Processes of ada's on the nodes. */
  async function leftovers(): Promise<readonly string[]> {
    const each = cluster.nodes.map(async ({ name }) => {
      const { stdout } = await cluster.onNode(name, ['pgrep', '-u', 'ada', '-a']);
      return stdout.split('\n').filter(Boolean);
    });
    return (await Promise.all(each)).flat();
  }

  async function allocate(...args: string[]): Promise<Allocated> {
    const { code, stdout, stderr } = await ada.run(['allocate', 'lab.yaml', '--json', ...args]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
  }
  const events = ({ dir }: Allocated): readonly Event[] =>
    readFileSync(join(cluster.homes, dir.replace(/^\/home\//, ''), 'events.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
  const workers = async () => {
    const { stdout } = await ada.run(['workers', '--json']);
    return (JSON.parse(stdout) as { workers: Record<string, unknown>[] }).workers;
  };

  test('a worker is restarted under load, with a changed argument and with a wrong one', async () => {
    const session = await allocate();
    expect(await steps(session.job)).toEqual(
      ['decode-0', 'decode-1', 'etcd', 'frontend-0', 'nats', 'prefill-0', 'session'].sort(),
    );
    const load = new Load(session.url, 'tiny');
    await load.completions(5);
    const restarted = await ada.run(['restart', 'decode-0', '--arg', 'page-size=32']);
    expect(restarted).toMatchObject({ code: 0, stdout: '' });
    expect(restarted.stderr).toMatch(/^decode-0\n {2}\+ --page-size 32\n/);
    await load.completions(5);
    expect(await load.stop()).toEqual([]);

    const wrong = await ada.run(['restart', 'decode-1', '--arg', 'page-size=x']);
    expect(wrong.code).toBe(7);
    expect(wrong.stderr).toMatch(/last line {2}ValueError: invalid literal for int\(\) with base 10: 'x'/);
    expect(await workers()).toMatchObject([
      { worker: 'frontend-0', state: 'serving', restarts: 0 },
      { worker: 'prefill-0', state: 'serving', restarts: 0 },
      { worker: 'decode-0', state: 'serving', restarts: 1, args: { 'page-size': '32' } },
      { worker: 'decode-1', state: 'ended', restarts: 1, args: { 'page-size': 'x' }, end: { exit: 1 } },
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
    expect(released).toMatchObject({ code: 0, stdout: expect.stringContaining('is given back') });
    await expect.poll(queue, { timeout: 20_000 }).toBe('');
    expect(await leftovers()).toEqual([]);
    expect((await ada.run(['release'])).code).toBe(0);
    expect(events(session).at(-1)).toMatchObject({ kind: 'verdict', outcome: 'succeeded' });
  });

  test('two terminals are obeyed one after the other', async () => {
    const session = await allocate();
    const both = await Promise.all([
      ada.run(['restart', 'decode-0', '--no-wait']),
      ada.run(['restart', 'decode-1', '--no-wait']),
    ]);
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    const order = events(session).filter(({ kind }) => kind === 'command' || kind === 'answer');
    expect(order.map(({ kind }) => kind)).toEqual(
      Array.from({ length: 3 }, () => ['command', 'answer']).flat(),
    );
    expect(order.map(({ command }) => command)).toEqual(
      order.map(({ command }, index) => (index % 2 ? order[index - 1]?.command : command)),
    );
  });

  test('what runs outlives its supervisor, and obeys the next one', async () => {
    const session = await allocate();
    const engines = async () =>
      (await leftovers()).filter((line) => line.includes('dynamo')).map((line) => line.split(' ')[0]);
    const load = new Load(session.url, 'tiny');
    // Its srun, on the login node; then itself.
    await cluster.onNode('login', ['pkill', '-KILL', '-u', 'ada', '-f', 'srun.*session.sh']);
    expect((await ada.run(['stop', 'decode-1'])).stdout).toBe('decode-1 stopped\n');
    expect((await ada.run(['start', 'decode-1'])).code).toBe(0);
    const before = await engines();
    const head = session.nodes[0] ?? '';
    await cluster.onNode(head, ['pkill', '-KILL', '-u', 'ada', '-f', 'bash -l .*session.sh']);
    await expect.poll(() => steps(session.job), { timeout: 20_000 }).not.toContain('session');

    const attached = await ada.run(['attach']);
    expect(attached).toMatchObject({ code: 0 });
    expect(attached.stderr).toContain('another one has taken over what runs');
    await load.completions(3);
    expect(await load.stop()).toEqual([]);
    expect(await engines()).toEqual(before);
    expect(events(session).findLast(({ kind }) => kind === 'session-resumed')).toMatchObject({
      adopted: expect.arrayContaining(['etcd', 'nats', 'frontend-0', 'prefill-0', 'decode-0', 'decode-1']),
    });
    // A worker of two nodes, whose sruns are gone.
    expect((await ada.run(['restart', 'prefill-0', 'decode-1'])).code).toBe(0);
    const stopped = events(session).filter(({ kind }) => kind === 'step-stopped');
    expect(stopped.slice(-2).map(({ step }) => step)).toEqual(['prefill-0', 'decode-1']);
    expect((await ada.run(['release'])).code).toBe(0);
    await expect.poll(queue, { timeout: 20_000 }).toBe('');
    expect(await leftovers()).toEqual([]);
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
    expect((await cli.run(['restart', 'decode-0', '--arg', 'page-size=32'], far)).code).toBe(0);
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
    await expect.poll(queue, { timeout: 20_000 }).toBe('');
  });

  test('an allocation that was there is used, and left', async () => {
    const salloc = ['salloc', '--no-shell', '--account=research', '--nodes=4', '--exclusive', '--time=10'];
    const { stderr } = await cluster.onLogin([...salloc, '--gpus-per-node=8']);
    const job = /job allocation (\d+)/.exec(stderr)?.[1] ?? '';
    const { code, stdout } = await ada.run(['allocate', 'lab.yaml', '--json'], {
      env: { SLURM_JOB_ID: job, SLURM_NTASKS: '1', SLURM_CPU_BIND: 'map_cpu:0' },
    });
    expect(code).toBe(0);
    const session: Allocated = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
    expect(session).toMatchObject({ job, allocation: 'borrowed' });
    const again = await ada.run(['allocate', 'lab.yaml', '--adopt', job]);
    expect(again).toMatchObject({
      code: 4,
      stderr: expect.stringContaining(`session ${session.run} runs in it`),
    });
    const released = await ada.run(['release']);
    expect(released.stdout).toContain('goes on: it was there before');
    expect(await queue()).toMatch(new RegExp(`^${job} RUNNING`));
    await expect.poll(() => steps(job)).toEqual(['']);
  });

  test('a refusal in Slurm’s own words leaves nothing', async () => {
    const { code, stderr } = await ada.run(['allocate', 'nowhere.yaml']);
    expect(code).toBe(5);
    expect(stderr).toContain('salloc: error: invalid partition specified: nowhere');
    expect(existsSync(home('dyn-slurm-runs')) ? readdirSync(home('dyn-slurm-runs')) : []).toEqual([]);
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
    await waiting.says(/job \d+ waits in the queue: (Resources|Priority)/);
    await waiting.kill('INT');
    expect((await waiting.ended).code).toBe(130);
    await expect.poll(queue, { timeout: 10_000 }).toMatch(new RegExp(`^${stdout.trim()} RUNNING`));
    expect(readdirSync(home('dyn-slurm-runs'))).toEqual([]);
  });
});
