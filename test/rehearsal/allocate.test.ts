import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, expect, test } from 'vitest';
import { Load } from '../load.ts';
import { outermost, processesOf, Stage } from './rehearsal.ts';
import { signalTask } from './submitted.ts';

const stage = new Stage();
afterEach(async (test) => {
  await stage.run('release');
  await stage.settle(test);
});
afterAll(() => stage.dispose());

const noneLeft = () => expect.poll(() => processesOf(stage.runs)).toEqual([]);

/** Requests at any time. */
const AT_ONCE = 4;

const CONFIG = join(import.meta.dirname, '../fixtures/rehearsal/disaggregated.yaml');

type Event = Readonly<Record<string, unknown>> & { readonly kind: string; readonly time: string };

interface Allocated {
  readonly run: string;
  readonly dir: string;
  readonly url: string;
  readonly model: string;
}

async function allocate(...args: string[]): Promise<Allocated> {
  const { code, stdout, stderr } = await stage.run(
    'allocate',
    CONFIG,
    '--cluster',
    'local',
    '--json',
    ...args,
  );
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
}

const events = ({ dir }: Allocated): readonly Event[] =>
  readFileSync(join(dir, 'events.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

async function workers(): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const { stdout } = await stage.run('workers', '--json');
  return (JSON.parse(stdout) as { workers: Record<string, unknown>[] }).workers;
}

/** Names of the steps that were started or stopped, or ended, in this order. */
function history(session: Allocated, since: number): readonly string[] {
  const kinds = { 'step-started': 'start', 'step-stopped': 'stop', 'step-ended': 'end' };
  return events(session)
    .slice(since)
    .flatMap(({ kind, step }) => (kind in kinds ? [`${kinds[kind as keyof typeof kinds]} ${step}`] : []));
}

test('one worker is restarted with a changed argument, and the others go on serving', async () => {
  const session = await allocate();
  expect(session).toMatchObject({ model: 'tiny/Model-1', url: expect.stringMatching(/^http:\/\/127\./) });
  const since = events(session).length;
  const load = new Load(session.url, session.model, AT_ONCE);
  await load.completions(3);
  const change = ['--arg', 'max-running-requests=64', '--env', 'LAB=1'];
  const restarted = await load.whileStopping(() => stage.run('restart', 'decode-0', ...change));
  expect(restarted.code).toBe(0);
  expect(restarted.stderr.replace(/\d\d:\d\d:\d\d|[\d.]+ s(?= after)/g, '#')).toBe(
    [
      'decode-0',
      '  + --max-running-requests 64',
      '  + LAB=1',
      '#  decode-0 stopped',
      '#  decode-0 uses a changed command',
      '#  decode-0 started on node2',
      '#  decode-0 serves, # after its start',
      '',
    ].join('\n'),
  );
  await load.completions(3);
  // A frontend gives up a request whose worker leaves before it has sent its first answer, and that the prefill worker still
  // has: so those that are on the way to the worker may fail, and no other.
  expect((await load.stop()).slice(AT_ONCE)).toEqual([]);
  expect(history(session, since)).toEqual(['stop decode-0', 'start decode-0']);
  expect(await workers()).toMatchObject([
    { worker: 'frontend-0', restarts: 0 },
    { worker: 'prefill-0', restarts: 0 },
    {
      worker: 'decode-0',
      state: 'serving',
      restarts: 1,
      args: { 'max-running-requests': '64' },
      env: { LAB: '1' },
    },
    { worker: 'decode-1', restarts: 0, args: {} },
    { worker: 'bench', state: 'idle' },
  ]);
  // What the engine's stand-in makes of it.
  expect(processesOf(session.dir).filter((line) => line.includes('--max-num-seqs 64'))).toHaveLength(1);

  const table = await stage.run('workers');
  expect(table.stdout).toMatch(/decode-0 +node2 +serving .* 1 {2}max-running-requests=64;\s+LAB=1/);

  // It is registered, and serves nobody.
  const apart = {
    code: 0,
    stderr: expect.stringMatching(/warning: frontend-0 sends no requests to decode-1: its model card is not/),
  };
  expect(await stage.run('restart', 'decode-1', '--arg', 'context-length=2048')).toMatchObject(apart);
  const alike = await stage.run('restart', 'decode', '--arg', 'context-length=2048');
  expect(alike.code).toBe(0);
  expect(alike.stderr).not.toContain('warning');

  // One that was killed is registered for a while longer, at the same address.
  signalTask(session, { step: 'decode-1', program: 'python' }, 'SIGKILL');
  while ((await workers())[3]?.state !== 'ended') await sleep(50);
  expect(await stage.run('start', 'decode-1', '--arg', 'context-length=1024')).toMatchObject(apart);
});

test('what happens is told at the prompt at once, and so is what others do', async () => {
  const leased = join(import.meta.dirname, '../fixtures/rehearsal/leased.yaml');
  const prompt = stage.terminal('allocate', leased, '--cluster', 'local');
  await prompt.says(/serves tiny at http.*\n(.*\n)*.*leased-\w{6}> /);
  const [run = ''] = /leased-\w{6}/.exec(prompt.text) ?? [];
  const session = { run, dir: join(stage.runs, run) };
  const decode = (worker: number) => ({ step: `decode-${worker}`, program: 'python' });

  // While somebody types.
  prompt.press('restrt ');
  signalTask(session, decode(1), 'SIGKILL');
  await prompt.says(/decode-1 on node2 was killed by SIGKILL(.*\n)+leased-\w{6}> restrt $/);
  prompt.type('decode-1');
  await prompt.says(/there is no command restrt here; did you mean restart\?/);
  expect(await workers()).toMatchObject([{}, {}, {}, { state: 'ended', end: { signal: 'KILL' } }, {}]);
  expect((await stage.run('restart', 'decode-1')).code).toBe(0);
  await prompt.says(/restart decode-1, from .*\n(.*\n)*.*decode-1 serves/);

  signalTask(session, decode(0), 'SIGSTOP');
  await prompt.says(
    /decode-0 on node2 has lost its registration in etcd, although its process runs; decode workers 1\/2/,
  );
  expect(await workers()).toMatchObject([{}, {}, { state: 'unregistered' }, { state: 'serving' }, {}]);
  signalTask(session, decode(0), 'SIGCONT');
  await prompt.says(/decode-0 on node2 exited with code 0, \d+ s after its registration in etcd was lost/);

  prompt.type('start decode-0');
  await prompt.says(/decode-0 serves/);
  prompt.type('logs -f decode-0');
  await prompt.says(/decode-0@node2/);
  prompt.press('\u0003');
  await prompt.says(/leased-\w{6}> /);
  prompt.press('\u0004');
  await prompt.says(/and its job \d+ continue/);
  expect(await prompt.ended).toBe(0);
});

test('an etcd that stands still ends the session, and its nodes are there for the next one', async () => {
  const config = join(import.meta.dirname, '../fixtures/rehearsal/soon-lost.yaml');
  const attached = stage.terminal('allocate', config, '--cluster', 'local', '--no-workers');
  await attached.says(/soon-lost-\w{6}> /);
  const [run = ''] = /soon-lost-\w{6}/.exec(attached.text) ?? [];
  const session = { run, dir: join(stage.runs, run) };
  signalTask(session, { step: 'etcd', program: 'etcd' }, 'SIGSTOP');
  await attached.says(/etcd has not answered for \d+ s, although its process runs/);
  expect((await stage.run('workers')).stderr).toMatch(/^etcd has not answered/m);
  await attached.says(/the session has ended: etcd has not answered(.*\n)+job \d+ is still allocated/);
  expect(await attached.ended).toBe(7);

  // On the same nodes.
  const { job } = JSON.parse((await stage.run('status', run, '--json')).stdout);
  const again = await stage.run('allocate', config, '--cluster', 'local', '--adopt', job, '--no-prompt');
  expect(again.code).toBe(0);
  expect((await stage.run('release')).stdout).toContain('is released');
});

test('a wrong argument is named, and the session goes on', async () => {
  const session = await allocate();
  const managed = await stage.run('restart', 'decode-0', '--arg', 'tp=4');
  expect(managed.code).toBe(3);
  expect(managed.stderr).toContain('decode.args.tp: --tp is set by dyn-slurm, to 8 from decode.tp');
  expect(await workers()).toMatchObject([
    {},
    {},
    { worker: 'decode-0', restarts: 0, state: 'serving' },
    {},
    {},
  ]);

  const wrong = await stage.run('restart', 'decode', '--arg', 'max-running-requests=x', '--json');
  expect(wrong.code).toBe(7);
  const ended = {
    state: 'ended',
    exit: 1,
    line: expect.stringContaining("invalid literal for int() with base 10: 'x'"),
  };
  expect(JSON.parse(wrong.stdout)).toMatchObject({
    workers: [
      { worker: 'decode-0', ...ended },
      { worker: 'decode-1', ...ended },
    ],
  });
  expect((await stage.run('start', 'decode', '--arg', 'max-running-requests=null')).code).toBe(0);
  expect((await stage.run('stop', 'decode-1', 'prefill-0')).stdout).toBe(
    'decode-1 stopped\nprefill-0 stopped\n',
  );
  expect((await stage.run('stop', 'decode-1')).stdout).toBe('decode-1 was not running\n');
  expect((await stage.run('start', 'decode-0')).stderr).toContain('decode-0 runs already; restart it');
  expect((await stage.run('restart', 'etcd')).code).toBe(2);
  const own = history(session, 0).filter((line) => line.endsWith('frontend-0'));
  expect(own).toEqual(['start frontend-0']);
  const restarted = await stage.run('restart', 'frontend-0');
  expect(restarted).toMatchObject({ code: 0, stderr: expect.stringContaining('frontend-0 answers') });
});

test('a client that is killed leaves the session, to which one attaches', async () => {
  const client = stage.start('allocate', CONFIG, '--cluster', 'local');
  await client.line(/ready after/);
  client.kill();
  await client.ended;
  const attached = await stage.run('attach', '--json');
  expect(attached.code).toBe(0);
  const session: Allocated = JSON.parse(attached.stdout);
  const load = new Load(session.url, session.model);
  await load.completions(2);
  expect(await load.stop()).toEqual([]);

  // Two terminals at once.
  const both = await Promise.all([
    stage.run('restart', 'decode-0', '--no-wait'),
    stage.run('restart', 'decode-1', '--no-wait'),
  ]);
  expect(both.map(({ code }) => code)).toEqual([0, 0]);
  const order = events(session).filter(({ kind }) => kind === 'command' || kind === 'answer');
  expect(order.map(({ kind }) => kind)).toEqual(Array(3).fill(['command', 'answer']).flat());
});

test('a supervisor that is killed is replaced, and nothing else is touched', async () => {
  expect(await allocate('--no-workers')).toMatchObject({ url: null });
  expect(await workers()).toMatchObject([
    { state: 'serving' },
    { state: 'idle' },
    { state: 'idle' },
    { state: 'idle' },
    {},
  ]);
  expect((await stage.run('start', 'workers')).code).toBe(0);
  const attach = async (): Promise<Allocated> => JSON.parse((await stage.run('attach', '--json')).stdout);
  await expect.poll(attach).toMatchObject({ url: expect.stringContaining('http') });
  const session = await attach();
  const since = events(session).length;
  const shells = processesOf(session.dir).filter((line) => /^\d+ \/bin\/bash -\w .*job\.sbatch/.test(line));
  const first = outermost(shells);
  const supervisor = outermost(shells.filter((line) => !first.includes(line)));
  // Both the shell that would start the supervisor again and the supervisor.
  expect([first.length, supervisor.length]).toEqual([1, 1]);
  for (const line of [...first, ...supervisor]) process.kill(Number.parseInt(line, 10), 'SIGKILL');
  const load = new Load(session.url, session.model);
  await load.completions(2);
  // The next command finds it gone.
  const restarted = await stage.run('restart', 'decode-1');
  expect(restarted.code).toBe(0);
  expect(restarted.stderr).toContain('had ended; a new one has taken over');
  await load.completions(2);
  expect(await load.stop()).toEqual([]);
  expect(history(session, since)).toEqual(['stop decode-1', 'start decode-1']);

  const bench = await stage.run('bench', '--', 'echo "$DYN_SLURM_MODEL"; exit 3');
  expect(bench).toMatchObject({ code: 7, stdout: 'tiny/Model-1\n' });
  const node = await stage.run(
    'exec',
    'node3',
    '--json',
    '--',
    'bash',
    '-c',
    'echo "$SLURMD_NODENAME"; exit 4',
  );
  expect(node.code).toBe(4);
  expect(JSON.parse(node.stdout)).toMatchObject({ exitCode: 4, stdout: 'node3\n' });

  const released = await stage.run('release', session.run);
  expect(released).toMatchObject({ code: 0, stdout: expect.stringContaining('is released') });
  await noneLeft();
  expect((await stage.run('release', session.run)).code).toBe(0);
  expect((await stage.run('restart', 'decode-1')).stderr).toContain('has ended: released by');
});
