import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, clusterAvailable, down, up } from './cluster.ts';
import { type LaptopCli, laptopCli } from './laptop.ts';

const unavailable = clusterAvailable();
const CONFIG = readFileSync(join(import.meta.dirname, '../fixtures/cluster/disaggregated.yaml'), 'utf8');

interface Submitted {
  readonly run: string;
  readonly jobId: string;
  readonly dir: string;
}

describe.skipIf(unavailable)(
  `a job over ssh, through a bastion${unavailable ? ` (skipped: ${unavailable})` : ''}`,
  () => {
    let cluster: Cluster;
    let cli: LaptopCli;
    beforeAll(async () => {
      cluster = await up({ nodes: 8 });
      cli = laptopCli(cluster);
      for (const [name, text] of Object.entries({
        ada: 'host: login\n',
        carl: 'host: carl@login\n',
        nora: 'host: nora@login\nruns_dir: runs\n',
        slow: 'host: login\nslurm_bin: ~/slow\n',
      })) {
        await cli.put(`.config/dyn-slurm/clusters/${name}.yaml`, text);
      }
      await cli.put('flow.yaml', CONFIG);
      await cli.put('secret.yaml', `${CONFIG}decode: { env: { HF_TOKEN: { from_env: HF_TOKEN } } }\n`);
    });
    afterEach(() => cluster.exec(['scancel', '--user=ada,carl,nora', '--full']));
    afterAll(() => down(cluster));

    const on = (name: string, trace = false) => ({
      env: { DYN_SLURM_CLUSTER: name, ...(trace && { DYN_SLURM_TRACE: '1' }) },
    });
    const submit = async (name: string, config = 'flow.yaml'): Promise<Submitted> => {
      const { stdout, stderr, code } = await cli.run(['submit', config, '--json'], on(name));
      expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
      return JSON.parse(stdout);
    };
    /** What is said before the first exchange, and what each exchange did. */
    const exchanges = (stderr: string) =>
      stderr.split('\n').flatMap((line) => /^ssh: (.*) \(\d+ ms\)$/.exec(line)?.[1] ?? []);
    /** Cuts a user's connections off, as a network does: the server's processes are killed. */
    const drop = (user = 'ada') => cluster.onNode('login', ['pkill', '-KILL', '-f', `^sshd: ${user}`]);
    const as = (user: 'ada', script: string) => cluster.onLogin(['bash', '-c', script], { user });

    test('is submitted in four exchanges, gets ready, answers, is read and is cancelled', async () => {
      const submitted = await cli.run(['submit', 'flow.yaml', '--json'], on('ada', true));
      const { run, dir } = JSON.parse(submitted.stdout) as Submitted;
      expect(dir).toBe(`/home/ada/dyn-slurm-runs/${run}`);
      expect(exchanges(submitted.stderr)).toEqual([
        'logged in to login',
        // The look at the model's folder.
        'bash --norc',
        expect.stringMatching(/^write \S+ and \d+ more$/),
        'sbatch --parsable',
        'write job.json',
      ]);

      const forward = cli.start(['forward', run, '--port', '8123'], on('ada'));
      await forward.says(/^http:\/\/127\.0\.0\.1:8123\n/);
      const ask = async () => {
        const body = JSON.stringify({
          model: 'tiny',
          messages: [{ role: 'user', content: 'hi' }],
          max_tokens: 8,
        });
        const url = 'http://127.0.0.1:8123/v1/chat/completions';
        const { stdout } = await cluster.laptop([
          ...['curl', '-sS', '--max-time', '60', '-H', 'content-type: application/json', '-d', body, url],
        ]);
        return JSON.parse(stdout) as unknown;
      };
      expect(await ask()).toMatchObject({ usage: { completion_tokens: 8 } });
      // The way is open to the laptop only, and outlives its connection.
      expect((await cluster.laptop(['ss', '-Hltn', 'sport = :8123'])).stdout).toMatch(/127\.0\.0\.1:8123/);
      await drop();
      await expect
        .poll(() => ask().catch(() => undefined))
        .toMatchObject({
          usage: { completion_tokens: 8 },
        });

      const status = await cli.run(['status', run], on('ada'));
      expect(status).toMatchObject({ code: 0, stdout: expect.stringContaining('ready') });
      const logs = await cli.run(['logs', run, 'decode', '-n', '1'], on('ada'));
      expect(logs.stdout.match(/^decode-\d@node\d/gm)).toHaveLength(2);

      expect(await cli.run(['cancel', run], on('ada'))).toMatchObject({ code: 0 });
      expect(await forward.ended).toMatchObject({
        code: 9,
        stderr: expect.stringContaining(`${run} has ended`),
      });
    });

    test('logs go on over drops, without loss and without a line twice', async () => {
      const { run, dir } = await submit('ada');
      await cli.start(['watch', run], on('ada')).says(/ready/);
      const log = `${dir}/logs/decode-9.node1.log`;
      const write = (first: number, last: number) =>
        as('ada', `for ((i = ${first}; i <= ${last}; i++)); do echo "line $i"; done >>${log}`);
      await write(1, 1);
      const follow = cli.start(['logs', '-f', run, 'decode-9'], on('ada'));
      await follow.says(/line 1\n/);
      for (let first = 2; first <= 400; first += 100) {
        await write(first, first + 49);
        await drop();
        await write(first + 50, first + 99);
        await follow.says(new RegExp(`line ${first + 99}\n`));
      }
      await cli.run(['cancel', run], on('ada'));
      const { stdout } = await follow.ended;
      const lines = stdout.match(/line \d+/g);
      expect(lines).toEqual(Array.from({ length: 401 }, (_, index) => `line ${index + 1}`));
    });

    test('logs of a role, a node, a pattern and a time come from a distance', async () => {
      const { run, dir } = await submit('ada');
      await cli.start(['watch', run], on('ada')).says(/ready/);
      const stamped = (step: string) =>
        `[2025-12-10 13:50:00 TP0] ${step} old\\n[$(date -u +%F\\ %T) TP0] ${step} new\\n[$(date -u +%F\\ %T) TP0] ${step} Last\\n`;
      await as(
        'ada',
        ['prefill-9.node1', 'prefill-9.node2', 'decode-9.node2']
          .map((log) => `printf "${stamped(log)}" >${dir}/logs/${log}.log`)
          .join('\n'),
      );
      const said = async (...options: string[]) => {
        const { stdout, code } = await cli.run(['logs', run, '--json', ...options], on('ada'));
        expect(code).toBe(0);
        const lines = stdout.split('\n').filter((line) => line !== '');
        return lines
          .flatMap((line) => / ((?:prefill|decode)-9\S+ \w+)/.exec(JSON.parse(line).line)?.[1] ?? [])
          .sort();
      };
      expect(await said('--node', 'node2', '--grep', '9.node. last')).toEqual([
        'decode-9.node2 Last',
        'prefill-9.node2 Last',
      ]);
      expect(await said('--since', '1h', '--grep', '(new|old)$')).toEqual([
        'decode-9.node2 new',
        'prefill-9.node1 new',
        'prefill-9.node2 new',
      ]);
      const roles = await cli.run(['logs', run, '--role', 'decode', '-n', '1'], on('ada'));
      expect(new Set(roles.stdout.match(/^[a-z]+(?=-\d@)/gm))).toEqual(new Set(['decode']));
      await cli.run(['cancel', run], on('ada'));
    });

    test('a submit that is cut off finds its job, and sends no other', async () => {
      // The job is taken, and the answer is lost.
      const sbatch =
        '#!/bin/bash\nanswer=$(/usr/bin/sbatch "$@")\ntouch ~/taken\nuntil [ -e ~/go ]; do sleep 0.1; done\necho "$answer"\n';
      await as('ada', `mkdir slow && printf '${sbatch}' >slow/sbatch && chmod +x slow/sbatch`);
      const submitting = cli.start(['submit', 'flow.yaml', '--json'], on('slow'));
      await expect.poll(async () => (await as('ada', 'ls taken')).code).toBe(0);
      await drop();
      await as('ada', 'touch go');
      const { stdout, code } = await submitting.ended;
      expect(code).toBe(0);
      const { run, jobId } = JSON.parse(stdout) as Submitted;
      const queue = await as('ada', 'squeue --noheader --me --states=PD,R --format="%i %k"');
      expect(queue.stdout).toBe(`${jobId} dyn-slurm:${run}\n`);
      expect((await cli.run(['cancel', run], on('slow'))).code).toBe(0);
    });

    test.each(['carl', 'nora'])('neither csh nor a noisy rc file matters: %s', async (user) => {
      const { run, dir } = await submit(user);
      expect(dir).toBe(`/home/${user}/${user === 'nora' ? 'runs' : 'dyn-slurm-runs'}/${run}`);
      const status = await cli.run(['status', run, '--json'], on(user));
      expect(JSON.parse(status.stdout)).toMatchObject({ run, cluster: user });
      expect((await cli.run(['cancel', run], on(user))).code).toBe(0);
    });

    test("a refusal shows Slurm's words, and leaves nothing there", async () => {
      const before = await as('ada', 'ls dyn-slurm-runs');
      await cli.put('refused.yaml', CONFIG.replace('partition: batch', 'partition: nowhere'));
      const { stderr, code } = await cli.run(['submit', 'refused.yaml'], on('ada'));
      expect(stderr).toMatch(/invalid partition specified: nowhere[\s\S]* on login\n/);
      expect(code).toBe(5);
      expect(await as('ada', 'ls dyn-slurm-runs')).toEqual(before);
    });

    test('no secret is ever in a list of processes', async () => {
      const boxes = ['login', 'laptop', 'bastion', 'ctl'];
      // A process that shows it, to be seen to be seen.
      const open = cluster.onNode('ctl', ['bash', '-c', 'echo $$ >/tmp/open; exec -a canary-4711 sleep 600']);
      const scans = Promise.all(
        boxes.map(async (box) => (await cluster.onNode(box, ['bash', '-c', SCAN])).stdout),
      );
      const { stdout } = await cli.run(['submit', 'secret.yaml', '--json'], {
        env: { DYN_SLURM_CLUSTER: 'ada', HF_TOKEN: 'canary-4711' },
      });
      const { run, dir } = JSON.parse(stdout) as Submitted;
      await cli.run(['status', run], on('ada'));
      for (const box of boxes) await cluster.onNode(box, ['touch', '/tmp/enough']);
      expect(await scans).toEqual(['0\n', '0\n', '0\n', expect.stringMatching(/^[1-9]/)]);
      await cluster.onNode('ctl', ['bash', '-c', 'kill "$(</tmp/open)"']);
      await open;
      expect(await as('ada', `cd ${dir} && stat -c '%a %n' $(grep -rl canary-4711 . | sort)`)).toMatchObject({
        stdout: '600 ./env/decode-0.secrets\n600 ./env/decode-1.secrets\n',
      });
    });

    test('a run is submitted and watched, outlives the watcher, and is found by its name', async () => {
      const watched = cli.start(['submit', 'flow.yaml', '--watch'], on('ada'));
      await watched.says(/ready/);
      await watched.kill('INT');
      const { stdout, stderr, code } = await watched.ended;
      expect({ code, stderr }).toMatchObject({ code: 130, stderr: expect.stringContaining('keeps running') });
      const run = /^submitted (\S+)/m.exec(stdout)?.[1] ?? '';
      const found = await cli.run(['status', run, '--json'], { env: { DYN_SLURM_CLUSTER: '' } });
      expect(JSON.parse(found.stdout)).toMatchObject({ run, cluster: 'ada' });
    });

    test('a dry-run contacts nobody', async () => {
      const { stdout, stderr, code } = await cli.run(['submit', 'flow.yaml', '--dry-run'], on('ada', true));
      expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
      expect(stdout).toMatch(/sbatch --parsable '?--chdir=~\/dyn-slurm-runs\/flow-/);
    });
  },
);

/** Looks at the argv of every process until it is told to stop; prints how often the secret was seen. */
const SCAN = `n=0
while
  for f in /proc/[0-9]*/cmdline; do
    a=$(tr '\\0' ' ' <"$f") 2>/dev/null
    [[ $a != *canary-47[1]1* ]] || n=$((n + 1))
  done
  [[ ! -e /tmp/enough ]]
do :; done
echo $n`;
