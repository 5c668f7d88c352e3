import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Load } from '../load.ts';
import { type Cluster, clusterAvailable, down, up } from './cluster.ts';
import { type LaptopCli, laptopCli } from './laptop.ts';
import { type Allocated, SessionSite } from './session-site.ts';

const unavailable = clusterAvailable();

const configOf = (name: string, time: string, more = '') => `
name: ${name}
topology: {gpu: h100, prefill: {nodes: 2}, decode: {workers: 2, nodes: 2}}
model: {path: /home/model, served_name: tiny}
slurm: {account: research, partition: batch, time: ${time}}
${more}`;
const CONTAINED = configOf(
  'contained',
  '10m',
  `
frontend: {count: 2}
container: {image: "nvcr.io/nvidia/ai-dynamo/sglang-runtime:1.6.1"}
`,
);

describe.skipIf(unavailable)(`a session${unavailable ? ` (skipped: ${unavailable})` : ''}`, () => {
  let cluster: Cluster;
  let site: SessionSite;
  let laptop: LaptopCli;
  beforeAll(async () => {
    cluster = await up({ nodes: 4 });
    site = new SessionSite(cluster);
    laptop = laptopCli(cluster);
    await site.put('lab.yaml', configOf('lab', '10m'));
    await site.put('short.yaml', configOf('short', '10m', 'health: {drain: 5m}'));
    await site.put('tight.yaml', configOf('tight', '10m', 'health: {drain: 5m}'));
    await site.put('contained.yaml', CONTAINED);
    await laptop.put('lab.yaml', configOf('lab', '10m'));
    await laptop.put('.config/dyn-slurm/clusters/far.yaml', 'host: login\n');
  });
  afterAll(() => down(cluster));
  afterEach(() => site.clear());

  /** The decode worker's on a node of its own. */
  const killEngine = async (node: string | undefined) => {
    const killed = await cluster.onNode(node ?? '', ['pkill', '-KILL', '-u', 'ada', '-f', 'dynamo.mocker']);
    expect(killed.code).toBe(0);
  };
  const salloc = async (...options: string[]): Promise<string> => {
    const argv = ['salloc', '--no-shell', '--account=research', '--nodes=4', ...options];
    const { stderr } = await cluster.onLogin(argv);
    return /job allocation (\d+)/.exec(stderr)?.[1] ?? '';
  };

  test('in containers, with frontends behind nginx', async () => {
    const session = await site.allocate('contained.yaml');
    const steps = ['decode-0', 'decode-1', 'etcd', 'frontend-0', 'frontend-1', 'nats', 'nginx', 'prefill-0'];
    expect(await site.steps(session.job)).toEqual(expect.arrayContaining([...steps, 'session']));
    const records = () =>
      readdirSync(cluster.containers)
        .filter((record) => record.startsWith(`${session.job}.`))
        .map((record) => readFileSync(join(cluster.containers, record), 'utf8'));
    const image = 'container-image=nvcr.io#nvidia/ai-dynamo/sglang-runtime:1.6.1';
    // A record a node: prefill on two, each decode worker and frontend on one.
    const before = records().filter((record) => record.includes(image)).length;
    expect(before).toBeGreaterThanOrEqual(6);

    const load = new Load(session.url, 'tiny');
    await load.completions(5);
    const restarted = await load.whileStopping(() =>
      site.ada.run(['restart', 'decode-0', '--arg', 'max-running-requests=64']),
    );
    expect(restarted.code).toBe(0);
    expect(records().filter((record) => record.includes(image))).toHaveLength(before + 1);
    // The mount in which a changed command is.
    expect(records().at(-1)).toContain(session.dir);
    // A worker's mounts, in the container that its node has.
    const mounted = `container-mounts=${session.dir}:${session.dir},/home/model:/home/model:ro`;
    const named = `container-name=${session.run}-${session.job}-0:no_exec`;
    const asWorker = () =>
      records().filter((record) => record.includes(mounted) && record.includes(named)).length;
    const workers = asWorker();
    expect(workers).toBeGreaterThanOrEqual(6);
    expect((await site.ada.run(['exec', '3', '--container', '--', 'true'])).code).toBe(0);
    expect(records().filter((record) => record.includes(image))).toHaveLength(before + 2);
    expect(asWorker()).toBe(workers + 1);
    await load.completions(5);
    const nginx = (await site.ada.run(['logs', session.run, 'nginx'])).stdout;
    expect(await load.stop(), nginx).toEqual([]);

    expect((await site.ada.run(['restart', 'frontend-1'])).code).toBe(0);
    const again = new Load(session.url, 'tiny');
    await again.completions(5);
    expect(await again.stop()).toEqual([]);
    expect((await site.ada.run(['release'])).code).toBe(0);
  });

  test('drains at its time limit, and says so at the prompt', async () => {
    const prompt = site.ada.terminal(['allocate', 'short.yaml']);
    await prompt.says(
      /srun --jobid=\d+ --overlap (.*\n)*?.*--pty\s+bash\n(.*\n)*.*or scancel \d+\n(.*\n)*short-\w{6}> /,
    );
    const [run = ''] = /short-\w{6}/.exec(prompt.text) ?? [];
    const dir = `/home/ada/dyn-slurm-runs/${run}`;
    // Ten minutes would be too long to wait for, and a limit that is short from the start may come before the prompt.
    const [job = ''] = (await site.queue()).split(' ');
    const { stdout } = await cluster.exec(['squeue', '-h', '-j', job, '-o%M']);
    const [, minutes = '0'] = /(\d+):\d+$/.exec(stdout.trim()) ?? [];
    const limit = ['scontrol', 'update', `jobid=${job}`, `timelimit=${Number(minutes) + 4}`];
    expect(await cluster.exec(limit)).toMatchObject({ code: 0 });
    expect(await prompt.ended).toBe(0);
    await prompt.says(
      /draining: the time limit is near(.*\n)*the session has ended: served until the time limit/,
    );
    expect(site.events({ dir }).at(-1)).toMatchObject({ kind: 'verdict', outcome: 'timeout' });
    // Its last act.
    await expect.poll(() => site.queue()).toBe('');
    const late = await site.ada.run(['restart', 'decode-0']);
    expect(late).toMatchObject({ code: 2, stderr: expect.stringContaining('served until the time limit') });
  });

  test('over ssh, through the bastion: a prompt, a lost connection, a client that is killed', async () => {
    const far = { env: { DYN_SLURM_CLUSTER: 'far' } };
    const prompt = laptop.terminal(['allocate', 'lab.yaml'], far);
    await prompt.says(/or, on login:\n +srun --jobid=\d+(.*\n)*lab-\w{6}> /);
    const [run = ''] = /lab-\w{6}/.exec(prompt.text) ?? [];
    const status = await laptop.run(['workers', '--json'], far);
    const { nodes, job } = JSON.parse(status.stdout);
    await killEngine(nodes[2]);
    await prompt.says(new RegExp(`decode-0 on ${nodes[2]} was killed by SIGKILL`));
    // As a network does.
    await cluster.onNode('login', ['pkill', '-KILL', '-f', '^sshd: ada']);
    prompt.type('start decode-0');
    await prompt.says(/decode-0 serves/);
    await killEngine(nodes[3]);
    await prompt.says(new RegExp(`decode-1 on ${nodes[3]} was killed by SIGKILL`));
    await cluster.onNode('laptop', ['pkill', '-KILL', '-f', 'main.js allocate']);
    await prompt.ended;

    const attached = laptop.terminal(['attach', run], far);
    await attached.says(/lab-\w{6}> /);
    attached.type('start decode-1');
    await attached.says(/decode-1 serves/);
    attached.type('release');
    await attached.says(new RegExp(`job ${job}, is released`));
    expect(await attached.ended).toBe(0);
    await expect.poll(() => site.queue()).toBe('');
  });

  test('an allocation that was there is used, and left', async () => {
    const job = await salloc('--exclusive', '--time=9', '--gpus-per-node=8');
    const inside = { env: { SLURM_JOB_ID: job, SLURM_NTASKS: '1', SLURM_CPU_BIND: 'map_cpu:0' } };
    const { code, stdout, stderr } = await site.ada.run(['allocate', 'lab.yaml', '--no-prompt'], inside);
    expect(code).toBe(0);
    expect(stdout).toContain('ready after');
    expect(stderr).toContain(`using job ${job}, which continues when this session ends\n`);
    expect(stderr).toMatch(/warning: job \d+ ends in \d+ min( \d+ s)?; the config requests 10 min\n/);
    expect(stderr).toContain(`scancel ${job} also ends the allocation, which existed before the session\n`);
    const [run = ''] = /lab-\w{6}/.exec(stderr) ?? [];
    const again = await site.ada.run(['allocate', 'lab.yaml', '--adopt', job]);
    expect(again).toMatchObject({
      code: 4,
      stderr: expect.stringContaining(`session ${run} runs in it`),
    });

    const released = await site.ada.run(['release']);
    const left = `its allocation, job ${job}, continues: it existed before the session; \`scancel ${job}\` ends it as well`;
    expect(released).toMatchObject({ code: 0, stdout: expect.stringContaining(left) });
    await expect.poll(() => site.steps(job)).toEqual(['']);
    expect(await site.queue()).toMatch(new RegExp(`^${job} RUNNING`));

    const second = await site.ada.run(['allocate', 'lab.yaml', '--json'], inside);
    expect(JSON.parse(second.stdout.trim().split('\n').at(-1) ?? '')).toMatchObject({
      job,
      allocation: 'borrowed',
    } satisfies Partial<Allocated & { allocation: string }>);
    // It is not the allocation that is to end.
    const cancelled = await site.ada.run(['cancel']);
    expect(cancelled).toMatchObject({ code: 0, stdout: expect.stringContaining(left) });
    await expect.poll(() => site.steps(job)).toEqual(['']);
    expect(await site.queue()).toMatch(new RegExp(`^${job} RUNNING`));
    await expect.poll(() => site.leftovers()).toEqual([]);
  });

  test.each([
    [
      'lab',
      ['--time=9', '--gpus-per-node=4'],
      /the config needs 8 GPUs on each of 4 nodes, and node\[1-4\] have 4\n/,
    ],
    ['lab', ['--time=9'], /the config needs 8 GPUs on each of 4 nodes, and node\[1-4\] have 0\n/],
    ['tight', ['--time=5', '--gpus-per-node=8'], /it ends in .*, and a session drains .* before\n/],
  ])('an allocation that does not do for %s: %j', async (config, options, refusal) => {
    const job = await salloc(...options);
    const refused = await site.ada.run(['allocate', `${config}.yaml`, '--adopt', job]);
    expect(refused).toMatchObject({
      code: 4,
      stderr: expect.stringMatching(`^the allocation of job ${job} cannot be used: `),
    });
    expect(refused.stderr).toMatch(refusal);
    expect(await site.queue()).toMatch(new RegExp(`^${job} RUNNING`));
  });
});
