import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { chown, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type LoginCli, loginCli } from './cli.ts';
import { type Cluster, clusterAvailable, down, USERS, up } from './cluster.ts';

const unavailable = clusterAvailable();
const SYSTEM_PATH = '/usr/local/bin:/usr/bin:/bin';

/** A job of one node that starts no engine: its python3, which stands first on PATH, notes what it got and waits. */
const RECORDER = `
name: recorder
topology: {gpu: h100, aggregated: {workers: 2, gpus_per_worker: 4}}
model: {path: /home/ada/model, served_name: tiny}
slurm: {account: research, partition: batch, time: 10m}
aggregated: {env: {PATH: "/home/ada/fake:/usr/bin:/bin"}}
frontend: {env: {PATH: "/home/ada/fake:/usr/bin:/bin"}}
`;
const HELD = RECORDER.replace('time: 10m}', 'time: 10m, directives: {hold: true}}');
const PYTHON = `#!/bin/bash
[[ ! -e /home/ada/fail ]] || exit 3
{ printf '%s\\0' "$@"; } >/home/ada/got/args.\${SLURM_JOB_ID}.$BASHPID
cp /proc/self/environ /home/ada/got/env.\${SLURM_JOB_ID}.$BASHPID
exec sleep 600
`;

describe.skipIf(unavailable)(`submit${unavailable ? ` (skipped: ${unavailable})` : ''}`, () => {
  let cluster: Cluster;
  let ada: LoginCli;
  beforeAll(async () => {
    cluster = await up({ nodes: 3 });
    ada = loginCli(cluster);
    await put({
      'recorder.yaml': RECORDER,
      'held.yaml': HELD,
      'model/config.json': '{}',
      'model/tokenizer.json': '{}',
      'model/model.safetensors': 'weights',
      'got/.keep': '',
    });
    await put({ 'fake/python3': PYTHON }, 0o755);
  });
  afterAll(() => down(cluster));
  afterEach(async () => {
    await cluster.onLogin(['scancel', '--me']);
    await expect.poll(async () => (await cluster.onLogin(['squeue', '-h', '--me'])).stdout).toBe('');
    await cluster.onLogin(['rm', '-rf', '/home/ada/dyn-slurm-runs', '/home/ada/.local', '/home/ada/fail']);
  });

  const home = (...parts: string[]) => join(cluster.homes, 'ada', ...parts);

  /** Files of ada's. */
  async function put(files: Readonly<Record<string, string>>, mode = 0o644): Promise<void> {
    for (const [path, text] of Object.entries(files)) {
      const file = home(path);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, text, { mode });
      for (let at = file; at !== home(); at = dirname(at)) await chown(at, USERS.ada.uid, USERS.ada.uid);
    }
  }

  const submit = async (...args: string[]) => {
    const { stdout, stderr, code } = await ada.run(['submit', ...args, '--json']);
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
    return JSON.parse(stdout) as Submitted;
  };
  const jobs = async () =>
    (await cluster.onLogin(['squeue', '-h', '--me', '-o%i %T %r %k'])).stdout
      .trim()
      .split('\n')
      .filter(Boolean);
  const states = async () =>
    (await cluster.onLogin(['squeue', '-h', '--sort=i', '-tall', '--me', '-o%i %T'])).stdout;
  const runs = () =>
    existsSync(home('dyn-slurm-runs'))
      ? readdirSync(home('dyn-slurm-runs')).filter((name) => !name.startsWith('.'))
      : [];
  const status = async (run: string) => JSON.parse((await ada.run(['status', run, '--json'])).stdout);

  test.each([
    [
      'account: closed',
      ["Account 'closed' has used up its hours for this quarter; ask hpc-help@example.org for more."],
    ],
    [
      'account: nobody',
      ['Batch job submission failed: Invalid account or account/partition combination specified'],
    ],
    [
      'partition: nowhere',
      [
        'invalid partition specified: nowhere',
        'Batch job submission failed: Invalid partition name specified',
      ],
    ],
    [
      'partition: debug',
      ['Batch job submission failed: Requested time limit is invalid (missing or exceeds some limit)'],
    ],
    ['constraint: gb200', ['Batch job submission failed: Invalid feature specification']],
  ])("%s is refused in Slurm's own words, and nothing stays", async (wrong, words) => {
    const [key = ''] = wrong.split(':');
    const slurm = `{account: research, partition: batch, time: ${key === 'partition' ? '1h' : '10m'}}`;
    const fixed = slurm.includes(`${key}: `)
      ? slurm.replace(new RegExp(`${key}: \\w+`), wrong)
      : slurm.replace('}', `, ${wrong}}`);
    await put({ 'refused.yaml': RECORDER.replace(/slurm: .*/, `slurm: ${fixed}`) });
    const { stdout, stderr, code } = await ada.run(['submit', 'refused.yaml']);
    expect(stdout).toBe('');
    expect(stderr.split('\n').slice(0, words.length)).toEqual(words.map((line) => `sbatch: error: ${line}`));
    expect(stderr).toMatch(
      /^sbatch refused the job \(exit 1\)\n {2}ran: {2}sbatch --parsable .*\n {2}hint: /m,
    );
    expect(code).toBe(5);
    expect([runs(), await jobs()]).toEqual([[], []]);
    const checked = await ada.run(['submit', 'refused.yaml', '--test-only']);
    expect(checked.stderr).toContain(words.at(-1)?.replace('Batch job submission failed: ', ''));
    expect(checked.code).toBe(5);
  });

  test('--test-only says when and where it would start, and leaves nothing', async () => {
    const { stdout, stderr, code } = await ada.run(['submit', 'recorder.yaml', '--test-only']);
    expect({ stdout, stderr, code }).toEqual({
      stdout: `Slurm on cluster default would accept this job; nothing was submitted
  start  at once
  nodes  node1 of partition batch
`,
      stderr: '',
      code: 0,
    });
    expect([existsSync(home('dyn-slurm-runs')), await states()]).toEqual([
      false,
      expect.not.stringContaining('PENDING'),
    ]);
    const answer = JSON.parse((await ada.run(['submit', 'recorder.yaml', '--test-only', '--json'])).stdout);
    expect(answer).toMatchObject({ accepted: true, nodes: 'node1', partition: 'batch' });
    expect(Math.abs(Date.parse(answer.start) - Date.now())).toBeLessThan(60_000);
  });

  describe('a submit that is cut off', () => {
    /** An sbatch that holds on until `goOn`, before or after the real one; a file, `began` or `taken`, says where it is. */
    const sbatch = (where: 'before' | 'after') => {
      const hold = (file: string) => `touch ~/${file}; until [[ -e ~/go ]]; do sleep 0.1; done`;
      const [before, after] = where === 'before' ? [hold('began'), 'touch ~/taken'] : ['', hold('taken')];
      return put(
        {
          'slow/sbatch': `#!/bin/bash\n${before}\nanswer=$(/usr/bin/sbatch "$@")\nstatus=$?\n${after}\necho "$answer"\nexit $status\n`,
        },
        0o755,
      );
    };
    const goOn = () => put({ go: '' });
    const slow = { env: { PATH: `/home/ada/slow:${SYSTEM_PATH}` } };
    const noted = (name: string) => expect.poll(() => existsSync(home(name)), { interval: 50 }).toBe(true);
    afterEach(async () => {
      await goOn();
      await expect.poll(async () => (await cluster.onLogin(['pgrep', '-f', 'slow/sbatch'])).stdout).toBe('');
      await cluster.onLogin(['rm', '-f', '/home/ada/taken', '/home/ada/began', '/home/ada/go']);
    });

    test('after Slurm took its job: status finds it, and a second submit is the same run', async () => {
      await sbatch('after');
      const cli = ada.start(['submit', 'held.yaml'], slow);
      await noted('taken');
      await cli.kill('KILL');
      await cli.ended;
      const [run = ''] = runs();
      expect(existsSync(home('dyn-slurm-runs', run, 'job.json'))).toBe(false);

      const again = await ada.run(['submit', 'held.yaml', '--json']);
      expect(again.stderr).toBe(
        'an earlier submission of this job was interrupted after Slurm had accepted it: this is its run, and nothing new was submitted\n',
      );
      expect(JSON.parse(again.stdout)).toMatchObject({ run });
      expect(runs()).toEqual([run]);
      expect(await jobs()).toEqual([
        expect.stringMatching(new RegExp(`^\\d+ PENDING JobHeldUser dyn-slurm:${run}$`)),
      ]);
      expect(await status(run)).toMatchObject({ run, state: 'waiting', queue: { reason: 'JobHeldUser' } });

      // Now that it is known, another submit is another job.
      expect((await submit('held.yaml')).run).not.toBe(run);
      expect(await jobs()).toHaveLength(2);
    });

    test('after Slurm took its job: status alone finds and notes it', async () => {
      await sbatch('after');
      const cli = ada.start(['submit', 'held.yaml'], slow);
      await noted('taken');
      await cli.kill('KILL');
      const [run = ''] = runs();
      const table = await ada.run(['status']);
      expect(table.stdout).toMatch(new RegExp(`^${run} +default +\\d+ +waiting .*you hold it$`, 'm'));
      const noted_ = JSON.parse(readFileSync(home('dyn-slurm-runs', run, 'job.json'), 'utf8'));
      expect(await jobs()).toEqual([expect.stringMatching(`^${noted_.jobId} `)]);
    });

    test('before Slurm took its job: the next submit clears it away, and a late sbatch starts nothing', async () => {
      await sbatch('before');
      const cli = ada.start(['submit', 'held.yaml'], slow);
      await noted('began');
      await cli.kill('KILL');
      const [cut = ''] = runs();
      const { run } = await submit('held.yaml');
      expect(run).not.toBe(cut);
      expect(runs()).toEqual([run]);
      await goOn();
      await noted('taken');
      expect(await jobs()).toHaveLength(1);
    });

    test('an interrupt does not wait for an answer that does not come, and says how to find the job', async () => {
      await sbatch('after');
      const cli = ada.start(['submit', 'held.yaml'], slow);
      await noted('taken');
      await cli.kill('INT');
      const { code, stdout, stderr } = await cli.ended;
      const [run = ''] = runs();
      expect({ code, stdout, stderr }).toEqual({
        code: 130,
        stdout: '',
        stderr:
          `sbatch has not answered yet; Slurm may still accept the job: \`dyn-slurm status ${run}\` shows whether it did, and submitting the same config again continues with it\n` +
          'interrupted; what does not answer is not waited for\n',
      });
      expect(await status(run)).toMatchObject({ state: 'waiting' });
    });

    test('a second interrupt leaves at once, and the job is found later', async () => {
      await sbatch('after');
      const cli = ada.start(['submit', 'held.yaml'], slow);
      await noted('taken');
      await cli.kill('INT');
      await cli.kill('INT');
      const { code, stdout } = await cli.ended;
      expect({ code, stdout }).toEqual({ code: 130, stdout: '' });
      const [run = ''] = runs();
      expect(await status(run)).toMatchObject({ state: 'waiting' });
    });
  });

  test('a job after another, and after one that has to end well', async () => {
    const first = await submit('held.yaml');
    const after = await submit('held.yaml', '--after', first.run);
    const ok = await submit('held.yaml', '--after-ok', first.jobId);
    expect(await jobs()).toEqual(
      expect.arrayContaining([expect.stringMatching(`^${after.jobId} PENDING (Dependency|JobHeldUser) `)]),
    );
    expect((await ada.run(['cancel', first.run])).code).toBe(0);
    // What had to end well did not: Slurm withdraws the third, and lets the second come.
    await expect.poll(async () => (await status(ok.run)).state).toBe('cancelled');
    expect((await status(ok.run)).verdict.reason).toBe(
      'Slurm withdrew the job: the job that it depended on did not end as required',
    );
    expect(await jobs()).toEqual([expect.stringMatching(`^${after.jobId} PENDING JobHeldUser `)]);
  });

  test('retries are runs of their own that start when all before them have failed', async () => {
    await put({ fail: '' });
    const cli = await ada.run(['submit', 'recorder.yaml', '--retries', '2', '--watch']);
    expect(cli.code).toBe(7);
    const said = cli.stdout.match(
      /^ {2}retry {3}(recorder-[0-9a-f]{6}), job (\d+), starts only if all earlier runs fail$/gm,
    );
    expect(said).toHaveLength(2);
    expect(cli.stderr.match(/^watching its retry next: recorder-[0-9a-f]{6}$/gm)).toHaveLength(2);
    expect(
      cli.stdout.match(
        /^\d\d:\d\d:\d\d {2}failed after .*: (aggregated-[01]|frontend-0) on node\d exited with code 3$/gm,
      ),
    ).toHaveLength(3);
    const all = JSON.parse((await ada.run(['status', '--json'])).stdout);
    expect(all.map(({ state }: { state: string }) => state)).toEqual(['failed', 'failed', 'failed']);
  });

  test('a cancel takes the retries along', async () => {
    const { run, retries = [] } = await submit('held.yaml', '--retries', '2');
    expect(await jobs()).toHaveLength(3);
    const { code, stderr } = await ada.run(['cancel', run]);
    expect(code).toBe(0);
    expect(stderr).toContain(`canceled its retry ${retries[1]?.run}, job ${retries[1]?.jobId}\n`);
    expect(await jobs()).toEqual([]);
  });

  test('a job that can never start is explained and watched on; signals leave it alone', async () => {
    // EnforcePartLimits would refuse it: the limit comes after the job.
    const { run, jobId } = await submit('held.yaml');
    try {
      await cluster.exec(['scontrol', 'update', 'partitionname=batch', 'MaxTime=5']);
      await cluster.exec(['scontrol', 'release', jobId]);
      await expect.poll(jobs).toEqual([expect.stringMatching('PENDING PartitionTimeLimit')]);
      for (const [signal, code] of [
        ['INT', 130],
        ['TERM', 143],
        ['HUP', 129],
      ] as const) {
        const watcher = ada.start(['watch', run]);
        await watcher.says(
          /is pending: PartitionTimeLimit, slurm\.time is over the partition's limit; it will never start: /,
        );
        await watcher.kill(signal);
        const ended = await watcher.ended;
        expect(ended.code).toBe(code);
        expect(ended.stderr).toBe(
          `\nstopped watching; job ${jobId} keeps running\n  watch again:  dyn-slurm watch ${run}\n  end the job:  dyn-slurm cancel ${run}, or scancel ${jobId}\n`,
        );
      }
      const impatient = await ada.run(['watch', run, '--pending-limit', '2s']);
      expect(impatient.code).toBe(8);
      expect(impatient.stderr).toMatch(
        new RegExp(
          `^\\nnot started within 2s, the --pending-limit\\n {2}job ${jobId} is pending: PartitionTimeLimit, .*it will never start: .*\\n\\nstopped watching; job ${jobId} keeps running\\n.*\\n.*scancel ${jobId}\\n$`,
        ),
      );
      expect(await jobs()).toHaveLength(1);
    } finally {
      await cluster.exec(['scontrol', 'update', 'partitionname=batch', 'MaxTime=1-00:00:00']);
    }
  });

  test.each([
    ['scancel by an administrator', (jobId: string) => ['scancel', jobId]],
    [
      'scancel -s TERM, after which Slurm may say COMPLETED',
      (jobId: string) => ['scancel', '-s', 'TERM', jobId],
    ],
  ])('%s is a cancel', async (_, command) => {
    const { run, jobId } = await submit('recorder.yaml');
    const watcher = ada.start(['watch', run]);
    await watcher.says(/aggregated-1 started/);
    await expect
      .poll(() => readdirSync(home('got')).filter((name) => name.startsWith(`args.${jobId}.`)).length)
      .toBeGreaterThan(1);
    await cluster.exec(command(jobId));
    const { code, stdout } = await watcher.ended;
    expect(stdout).toMatch(/^\d\d:\d\d:\d\d {2}cancelled after /m);
    expect(code).toBe(9);
    expect((await ada.run(['status', run])).code).toBe(9);
  });

  test('values that a shell, sbatch or srun would read otherwise reach the steps as they are', async () => {
    const values = {
      dollar: '$(touch /home/ada/pwned) `touch /home/ada/pwned` ${HOME}',
      quotes: `it's "quoted" \\ and 'more'`,
      separators: '; touch /home/ada/pwned & | > < # % ! * ? ~ [a] {b,c}',
      dashes: '-rf --version',
      spaces: '  two  spaces  ',
      unicode: 'ünï 模型 🦀',
      lines: 'one\ntwo',
      percent: '%j %N %%',
    };
    const odd = 'mödel #1 (x); `y` & "z"';
    await put({
      [`${odd}/config.json`]: '{}',
      [`${odd}/tokenizer.json`]: '{}',
      [`${odd}/model.safetensors`]: 'weights',
      'hostile.yaml': JSON.stringify({
        name: 'hostile',
        topology: { gpu: 'h100', aggregated: { workers: 1, gpus_per_worker: 8 } },
        model: { path: `/home/ada/${odd}`, served_name: values.quotes },
        slurm: { account: 'research', partition: 'batch', time: '10m' },
        aggregated: {
          env: {
            PATH: '/home/ada/fake:/usr/bin:/bin',
            ...Object.fromEntries(Object.entries(values).map(([key, value]) => [`V_${key}`, value])),
          },
          args: Object.fromEntries(Object.entries(values).map(([key, value]) => [`x-${key}`, value])),
        },
        frontend: { env: { PATH: '/home/ada/fake:/usr/bin:/bin' } },
      }),
    });
    const runsDir = `/home/ada/rüns of "me" #1; $(x) 'q'`;
    const { stdout, stderr, code } = await ada.run(['submit', 'hostile.yaml', '--json'], {
      env: { DYN_SLURM_RUNS: runsDir },
    });
    expect(code).toBe(0);
    // Nothing but that the engine has no such arguments.
    expect(stderr.match(/ warning: /g)).toHaveLength(Object.keys(values).length);
    expect(stderr.match(/ has no argument --x-/g)).toHaveLength(Object.keys(values).length);
    const { jobId, dir } = JSON.parse(stdout) as Submitted;
    expect(dir.startsWith(`${runsDir}/`)).toBe(true);
    const got = (kind: string) =>
      readdirSync(home('got'))
        .filter((name) => name.startsWith(`${kind}.${jobId}.`))
        .map((name) => readFileSync(home('got', name), 'utf8').split('\0'))
        .find((words) => words.some((word) => word.includes('quoted')));
    await expect.poll(() => got('env') && got('args')).toBeDefined();
    const args = got('args') ?? [];
    for (const [key, value] of Object.entries(values)) {
      expect(got('env')).toContain(`V_${key}=${value}`);
      expect(args[args.indexOf(`--x-${key}`) + 1] === value || args.includes(`--x-${key}=${value}`)).toBe(
        true,
      );
    }
    expect(args).toContain(`/home/ada/${odd}`);
    expect(existsSync(home('pwned'))).toBe(false);
  });

  test.each([
    ['%j', '"%"'],
    ['a\\b', '"\\\\"'],
    ['a\nb', '"\\n"'],
  ])('a runs folder with %j, which srun would read otherwise, is refused', async (name, wrong) => {
    const { stderr, code } = await ada.run(['submit', 'held.yaml'], {
      env: { DYN_SLURM_RUNS: `/home/ada/${name}` },
    });
    expect(stderr.split('\n')[0]).toBe(
      `the runs folder ${JSON.stringify(`/home/ada/${name}`)} must not contain ${wrong}`,
    );
    expect([code, await jobs()]).toEqual([3, []]);
  });

  test("whatever the umask is, a run is its user's alone", async () => {
    const { stdout } = await cluster.onLogin([
      'bash',
      '-c',
      `umask 000; exec "$@"`,
      'bash',
      ...cliWords(),
      'submit',
      'recorder.yaml',
      '--json',
    ]);
    const { run, jobId } = JSON.parse(stdout) as Submitted;
    await expect
      .poll(() => readdirSync(home('got')).filter((name) => name.startsWith(`args.${jobId}.`)).length)
      .toBeGreaterThan(1);
    await ada.run(['cancel', run]);
    const open = await cluster.onLogin([
      'find',
      '/home/ada/dyn-slurm-runs',
      '/home/ada/.local',
      '-perm',
      '/077',
      '-not',
      '-type',
      'l',
    ]);
    // The folders above the notes are everybody's to see, and nobody's to write to.
    expect(open.stdout.split('\n').filter((path) => path.includes('dyn-slurm-runs'))).toEqual([]);
    const writable = await cluster.onLogin(['find', '/home/ada/.local', '-perm', '/022']);
    expect(writable.stdout).toBe('');
  });

  test('a place that somebody else holds is refused', async () => {
    await mkdir(join(cluster.shared, 'mia'), { mode: 0o755 });
    await chown(join(cluster.shared, 'mia'), USERS.mia.uid, USERS.mia.uid);
    const { stderr, code } = await ada.run(['submit', 'held.yaml'], {
      env: { DYN_SLURM_RUNS: join(cluster.shared, 'mia') },
    });
    expect(stderr).toMatch(/mia belongs to user 20003, who .*\n {2}hint: run folders must be new and yours/);
    expect([code, await jobs()]).toEqual([4, []]);
  });
});

const cliWords = () => [process.execPath, join(import.meta.dirname, '../../dist/main.js')];

interface Submitted {
  readonly run: string;
  readonly jobId: string;
  readonly dir: string;
  readonly retries?: readonly { readonly run: string; readonly jobId: string }[];
}
