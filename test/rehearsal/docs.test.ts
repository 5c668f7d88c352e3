import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type DocCommand, everyCommand, isMention, type Scene, sceneOf } from '../doc-commands.ts';
import { freePort } from '../free-port.ts';
import { Terminal } from '../terminal.ts';
import { packageRoot } from '../world.ts';
import { processesOf } from './rehearsal.ts';
import { installedTools } from './tools/service.ts';

// Every command line of the README, the docs and help that takes a service, a session or a rehearsal, typed by somebody whose
// cluster `hopper` is the stand-in, with engines a hundred times as fast. What files are enough for is typed in
// test/unit/docs/commands.test.ts.

const MAIN = join(packageRoot, 'dist/main.js');

/** What cannot be done here, with the reason and what is said instead. */
const REFUSED: readonly (readonly [RegExp, code: number, said: RegExp])[] = [
  // Mock engines have no profiler: test/rehearsal/profile.test.ts has engines that do.
  [/^profile /, 4, /nothing was profiled: .*does not support profiling|was not launched under nsys/],
  // SGLang is not installed: test/rehearsal/bench.test.ts has a program in its place.
  [/^bench .*--type sglang/, 10, /benchmark 1 of 2, concurrency 16: ended after .*, exit code 1/],
  // The config has no image, and a rehearsed node no GPU.
  [/^exec .*--container/, 2, /^this session has no container/],
  [/^exec .*nvidia-smi/, 9, /rehearsal: no GPU here to answer/],
];

const home = mkdtempSync(join(tmpdir(), 'dyn-slurm-docs-'));
const runs = join(home, 'dyn-slurm-runs');
const env = {
  HOME: home,
  USER: 'me',
  PATH: `${home}/bin:${process.env.PATH}`,
  XDG_CACHE_HOME: process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'),
  DYN_SLURM_CLUSTER: 'hopper',
  NO_COLOR: '1',
  SHELL: '/bin/bash',
};

function write(path: string, text: string, mode = 0o644): void {
  mkdirSync(join(home, path, '..'), { recursive: true });
  writeFileSync(join(home, path), text);
  chmodSync(join(home, path), mode);
}

/** A job whose steps are those that the docs name. */
const config = (roles: string): string => `name: dsr1
topology:
  gpu: h100
${roles}
model: { path: /models/tiny }
slurm: { account: me, partition: batch, time: 1h }
`;

beforeAll(() => {
  mkdirSync(runs);
  const { folder, bin } = installedTools();
  const standIn = join(packageRoot, 'rehearsal/bin');
  const variables = {
    DYN_SLURM_STANDIN_DIR: join(home, 'standin'),
    DYN_SLURM_STANDIN_PATH: [standIn, bin].join(':'),
    DYN_SLURM_TOOLS: folder,
    DYN_SLURM_SPEEDUP: '100',
  };
  const exported = Object.entries(variables).map(([name, value]) => `export ${name}='${value}'\n`);
  for (const name of readdirSync(standIn))
    write(`slurm/${name}`, `#!/bin/bash\n${exported.join('')}exec '${standIn}/${name}' "$@"\n`, 0o755);
  write('.config/dyn-slurm/clusters/hopper.yaml', `slurm_bin: ${home}/slurm\n`);
  write('bin/xdg-open', '#!/bin/bash\n', 0o755);
  write('load.sh', '#!/bin/bash\necho measured\n', 0o755);
  const three = config('  prefill: { nodes: 2 }\n  decode: {}');
  for (const name of ['config.yaml', 'dsr1.yaml']) write(name, three);
  write('sweep.yaml', `${three}\nvariants: {mtp: {}, plain: {}}\n`);
  // The session of the docs has a node3, and a second decode worker.
  write('session.yaml', config('  prefill: { nodes: 2 }\n  decode: { workers: 2 }'));
});

afterAll(async () => {
  for (const id of readdirSync(runs)) await cli('cancel', id);
  while (processesOf(runs).length > 0) await new Promise((resolve) => setTimeout(resolve, 100));
  rmSync(home, { recursive: true });
});

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const cli = (...args: string[]): Promise<Ended> => program(process.execPath, MAIN, ...args);

function program(file: string, ...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(file, args, { env, cwd: home }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code ?? 1) : 0, stdout, stderr }),
    );
  });
}

/** Runs a command that goes on until somebody presses Ctrl-C, which is once it says this. */
async function untilSaid(args: readonly string[], said: RegExp): Promise<Ended> {
  const child: ChildProcess = spawn(process.execPath, [MAIN, ...args], { env, cwd: home });
  const texts = { stdout: '', stderr: '' };
  let pressed = false;
  for (const name of ['stdout', 'stderr'] as const)
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      texts[name] += text;
      if (pressed || !said.test(`${texts.stdout}${texts.stderr}`)) return;
      // A second one would end it at once.
      pressed = true;
      child.kill('SIGINT');
    });
  const [code] = (await once(child, 'close')) as [number];
  return { code, ...texts };
}

const { commands } = await everyCommand();
/** Equal for lines that differ only in the name of their config or cluster. */
const formOf = ({ argv }: DocCommand): string =>
  argv
    .join(' ')
    .replace(/\S+\.yaml\b/, 'config.yaml')
    .replace(/(?<=--cluster )(?!local)\S+/, 'hopper');
const lines = [
  ...new Map(commands.filter((each) => !isMention(each)).map((each) => [formOf(each), each])).values(),
];
const ofScene = (scene: Scene): readonly (readonly [string, DocCommand])[] =>
  lines.filter((line) => sceneOf(line) === scene).map((line) => [line.text, line]);

/** Ids of the runs that stand for those of the docs. */
const named = { run: '', other: '', job: '' };

const words = async ({ argv }: DocCommand): Promise<string[]> => {
  const port = argv.includes('9000') ? String(await freePort()) : '';
  return argv.map((word) =>
    word
      .replace('dsr1-3fa29c', named.run)
      .replace('dsr1-8c11d2', named.other)
      .replace(/^dsr1$/, named.run)
      .replace('/lustre', home)
      .replace(/^9000$/, port)
      .replace(/^4242$/, named.job),
  );
};

const expected = ({ text }: DocCommand) => REFUSED.find(([line]) => line.test(text));

/** Types a line, and sees that it does what it says, or refuses it for the stated reason. */
async function typed(line: DocCommand, argv: readonly string[]): Promise<Ended> {
  const ended = await cli(...argv);
  const [, code = 0, said = /^/] = expected(line) ?? [];
  expect({ from: line.from, ...ended }).toMatchObject({ code, stderr: expect.stringMatching(said) });
  return ended;
}

const newest = (): string => {
  const at = (name: string) =>
    (JSON.parse(readFileSync(join(runs, name, 'job.json'), 'utf8')) as { submitted: string }).submitted;
  return readdirSync(runs).sort((a, b) => (at(a) < at(b) ? 1 : -1))[0] ?? '';
};

describe('a job that is submitted', () => {
  // That of `local` is as slow as a real one.
  const submits = ofScene('watched').toSorted(
    ([a], [b]) => Number(b.includes('local')) - Number(a.includes('local')),
  );
  test.each(submits)('%s', async (_, line) => {
    const argv = await words(line);
    if (argv.includes('--watch')) {
      const { code, stdout, stderr } = await untilSaid(argv, / ready after /);
      expect({ code, stdout, stderr }).toMatchObject({
        code: 130,
        stderr: expect.stringMatching(/keeps running|^interrupted; what does not answer/),
      });
    } else await typed(line, argv);
    // The last two are kept: the others would only need memory.
    if (named.other !== '') expect((await cli('cancel', named.other)).code).toBe(0);
    [named.other, named.run] = [named.run, newest()];
  });
});

describe('a service that runs', () => {
  /** Leaves a benchmark that somebody has cut off. */
  async function cutOff(of: string): Promise<void> {
    const size = ['--isl', '1024', '--osl', '512', '--concurrency', '1x2x4'];
    const { code } = await untilSaid(['bench', of, '--type', 'builtin', ...size], /benchmark 1 of 3/);
    expect(code).toBe(130);
  }

  // The one that fails comes last, or it would be what is to be resumed.
  const service = ofScene('service').toSorted(
    ([a], [b]) => Number(a.includes('--type sglang')) - Number(b.includes('--type sglang')),
  );
  test.each(service)('%s', async (_, line) => {
    const argv = await words(line);
    if (argv[0] === 'forward') {
      const { code, stderr } = await untilSaid(argv, /http:\/\/127\.0\.0\.1:\d+/);
      expect({ code, stderr }).toMatchObject({ code: 0 });
      return;
    }
    if (argv.includes('--resume')) await cutOff(argv.includes(named.other) ? named.other : named.run);
    await typed(line, argv);
  });
});

describe('a session', () => {
  const session = ofScene('session');
  const of = (...names: string[]) => session.filter(([, { argv }]) => names.includes(argv[0] ?? ''));
  /** A terminal is needed for it: see the last test. */
  const isShell = ([, { argv }]: (typeof session)[number]) => argv[0] === 'shell';

  beforeAll(async () => {
    for (const id of readdirSync(runs)) await cli('cancel', id);
    named.run = '';
  });

  /** An allocation that was there before; its number. */
  async function held(): Promise<string> {
    const { stderr } = await program(join(home, 'slurm/salloc'), '--no-shell', '--nodes=4', '--time=60');
    return /Granted job allocation (\d+)/.exec(stderr)?.[1] ?? '';
  }

  // The one that the docs show on this machine comes last, and is what the commands below steer.
  const opened = of('allocate').toSorted(
    ([a], [b]) => Number(a.includes('local')) - Number(b.includes('local')),
  );
  test.each(opened)('%s', async (_, line) => {
    if (named.run !== '') expect((await cli('release', named.run)).code).toBe(0);
    if (line.argv.includes('--adopt')) named.job = await held();
    const argv = await words(line);
    await typed(
      line,
      argv.map((word) => (word === 'config.yaml' ? 'session.yaml' : word)),
    );
    if (named.job !== '') await program(join(home, 'slurm/scancel'), named.job);
    [named.run, named.job] = [newest(), ''];
  });

  const steering = of('attach', 'workers', 'restart', 'stop', 'start', 'exec');
  test.each(steering)('%s', async (_, line) => {
    if (line.argv[0] === 'start') expect((await cli('stop', ...line.argv.slice(1))).code).toBe(0);
    await typed(line, await words(line));
  });

  test.each(session.filter(isShell))('%s', async (_, line) => {
    const argv = await words(line);
    const shell = new Terminal([process.execPath, MAIN, ...argv], { env });
    await shell.says(/[$#] $/);
    shell.type('echo "at $SLURMD_NODENAME"; exit');
    await shell.says(/at node3/);
    expect(await shell.ended).toBe(0);
  });

  test.each(of('release'))('%s', async (_, line) => {
    await typed(line, await words(line));
  });

  // Each ends a job of its own; one that has not started is not told.
  test.each(of('drain'))('%s', async (_, line) => {
    await untilSaid(['submit', 'config.yaml', '--watch'], / ready after /);
    named.run = newest();
    await typed(line, await words(line));
  });
});

describe('a rehearsal', () => {
  test.each(ofScene('rehearsal'))('%s', async (_, line) => {
    const argv = await words(line);
    const code = argv.includes('--fault') ? 7 : 0;
    const { stdout, stderr, ...ended } = await cli(...argv);
    expect({ from: line.from, ...ended, said: `${stdout}${stderr}` }).toMatchObject({ code });
    if (argv.includes('--keep')) expect((await cli('cancel', newest())).code).toBe(0);
  });

  test('setup', async () => {
    expect(await cli('setup')).toMatchObject({ code: 0 });
  });
});
