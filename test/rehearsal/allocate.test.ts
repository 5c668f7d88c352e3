import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';
import { Load } from '../load.ts';
import { processesOf, Stage } from './rehearsal.ts';

const stage = new Stage();
afterEach(async () => {
  await stage.run('release');
  await noneLeft();
});
afterAll(() => stage.dispose());

const noneLeft = () => expect.poll(() => processesOf(stage.runs), { timeout: 20_000 }).toEqual([]);

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
  const load = new Load(session.url, session.model);
  await load.completions(3);
  const restarted = await stage.run('restart', 'decode-0', '--arg', 'page-size=32', '--env', 'LAB=1');
  expect(restarted.code).toBe(0);
  expect(restarted.stderr.replace(/\d\d:\d\d:\d\d|[\d.]+ s(?= after)/g, '#')).toBe(
    [
      'decode-0',
      '  + --page-size 32',
      '  + LAB=1',
      '#  decode-0 stopped',
      '#  decode-0 gets a changed command',
      '#  decode-0 started on node2',
      '#  decode-0 serves, # after its start',
      '',
    ].join('\n'),
  );
  await load.completions(3);
  expect(await load.stop()).toEqual([]);
  expect(history(session, since)).toEqual(['stop decode-0', 'start decode-0']);
  expect(await workers()).toMatchObject([
    { worker: 'frontend-0', restarts: 0 },
    { worker: 'prefill-0', restarts: 0 },
    { worker: 'decode-0', state: 'serving', restarts: 1, args: { 'page-size': '32' }, env: { LAB: '1' } },
    { worker: 'decode-1', restarts: 0, args: {} },
    { worker: 'bench', state: 'idle' },
  ]);
  // What the engine's stand-in makes of it.
  expect(processesOf(session.dir).filter((line) => line.includes('--block-size 32'))).toHaveLength(1);

  const table = await stage.run('workers');
  expect(table.stdout).toMatch(/decode-0 +node2 +serving .* 1 {2}page-size=32; LAB=1/);
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

  const wrong = await stage.run('restart', 'decode', '--arg', 'page-size=x', '--json');
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
  expect((await stage.run('start', 'decode', '--arg', 'page-size=null')).code).toBe(0);
  expect((await stage.run('stop', 'decode-1', 'prefill-0')).stdout).toBe(
    'prefill-0 stopped\ndecode-1 stopped\n',
  );
  expect((await stage.run('stop', 'decode-1')).stdout).toBe('decode-1 did not run\n');
  expect((await stage.run('start', 'decode-0')).stderr).toContain('decode-0 runs already; restart it');
  expect((await stage.run('restart', 'etcd')).code).toBe(2);
  expect(history(session, 0).filter((line) => line.endsWith('frontend-0'))).toEqual(['start frontend-0']);
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
  await expect.poll(attach, { timeout: 20_000 }).toMatchObject({ url: expect.stringContaining('http') });
  const session = await attach();
  const since = events(session).length;
  const [supervisor] = processesOf(session.dir).filter((line) =>
    /^\d+ \/bin\/bash -l .*session\.sh/.test(line),
  );
  process.kill(Number(supervisor?.split(' ')[0]), 'SIGKILL');
  const load = new Load(session.url, session.model);
  await load.completions(2);
  // The next command finds it gone.
  const restarted = await stage.run('restart', 'decode-1');
  expect(restarted.code).toBe(0);
  expect(restarted.stderr).toContain('was gone; another one has taken over');
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
  expect(released).toMatchObject({ code: 0, stdout: expect.stringContaining('is given back') });
  await noneLeft();
  expect((await stage.run('release', session.run)).code).toBe(0);
  expect((await stage.run('restart', 'decode-1')).stderr).toContain('has ended: released by');
});
