import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import process from 'node:process';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { addRun } from '../unit/cli/run-folder.ts';
import { testServer } from '../unit/host/ssh/server.ts';
import { packageRoot, SMALL, temporaryFolder } from '../world.ts';

const main = join(packageRoot, 'dist/main.js');

// What is waited for never answers, so that a command which waits for it is cut off by the test's own time. How long it may
// take after Ctrl-C is in src/cli/interrupts.ts, and test/unit/cli/interrupts.test.ts has it under a clock of its own.

interface Started {
  readonly child: ChildProcess;
  says(text: string): Promise<void>;
  /** Sends SIGINT; how the command ended. */
  interrupted(): Promise<{ readonly code: number | null; readonly stderr: string }>;
}

function start(args: readonly string[], env: NodeJS.ProcessEnv): Started {
  const child = spawn(process.execPath, [main, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const said = { stdout: '', stderr: '' };
  let heard = () => {};
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => {
      said[name] += text;
      heard();
    });
  const closed = once(child, 'close');
  return {
    child,
    says: async (text) => {
      while (!`${said.stdout}${said.stderr}`.includes(text))
        await new Promise<void>((resolve) => {
          heard = resolve;
        });
    },
    interrupted: async () => {
      child.kill('SIGINT');
      const [code] = (await closed) as [number | null];
      return { code, stderr: said.stderr };
    },
  };
}

/** A profile `far` over ssh, for a caller whose home is `here`. */
function farHome(here: string): NodeJS.ProcessEnv {
  mkdirSync(join(here, '.config/dyn-slurm/clusters'), { recursive: true });
  writeFileSync(join(here, '.config/dyn-slurm/clusters/far.yaml'), 'host: login\n');
  writeFileSync(join(here, 'job.yaml'), SMALL);
  return {
    HOME: here,
    USER: 'me',
    PATH: process.env.PATH,
    DYN_SLURM_CLUSTER: 'far',
    DYN_SLURM_TRACE: '1',
  };
}

beforeAll(async () => {
  const build = spawn(process.execPath, ['scripts/build.mjs'], { cwd: packageRoot, stdio: 'ignore' });
  expect(await once(build, 'close')).toEqual([0, null]);
});

describe('Ctrl-C ends a command over ssh, whatever the login node is doing', () => {
  test.each([
    [['watch', 'r1']],
    [['logs', '-f', 'r1']],
    [['status', 'r1']],
    [['status']],
    [['forward', 'r1']],
    [['cancel', 'r1']],
    [['bench', 'r1']],
    [['report', 'r1']],
    [['submit', 'job.yaml']],
    [['submit', 'job.yaml', '--test-only']],
    [['allocate', 'job.yaml']],
  ])('it takes the connection, and says nothing: %j', async (args) => {
    const server = await testServer();
    const sockets = new Set<Socket>();
    const silent = createServer((socket) => void sockets.add(socket.on('error', () => {}).resume()));
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    onTestFinished(() => {
      silent.close();
      for (const socket of sockets) socket.destroy();
    });
    const env = farHome(server.here);
    const address = silent.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    writeFileSync(
      join(server.here, '.ssh/config'),
      `Host login\n HostName 127.0.0.1\n Port ${address.port}\n ConnectTimeout 300\n`,
    );
    const taken = once(silent, 'connection');
    const command = start(
      args.map((word) => (word === 'job.yaml' ? join(server.here, word) : word)),
      env,
    );
    await taken;
    expect(await command.interrupted()).toMatchObject({ code: 130 });
  });

  test.each([
    [['watch', 'r1'], 'node1', /stopped watching; job 4242 keeps running/],
    [['watch', 'r1', '--json'], 'node1', /stopped watching; job 4242 keeps running/],
    [['watch', 'r1', 'r2'], 'node1', /stopped watching; jobs 424[23], 424[23] keep running/],
    [['logs', '-f', 'r1'], 'a line', /^/],
    [['forward', 'r1'], 'waiting for r1', /^/],
  ])('it froze while %j read', async (args, first, said) => {
    const server = await testServer();
    const env = farHome(server.here);
    const root = join(server.home, 'dyn-slurm-runs');
    const facts = { events: 'served', until: 'step-started', jobId: '4242', cluster: 'far' };
    const dir = await addRun(root, {
      ...facts,
      id: 'r1-0a1b2c',
      logs: { 'logs/decode-0.node2.log': 'a line\n' },
    });
    await addRun(root, { ...facts, id: 'r2-0a1b2c', jobId: '4243' });
    const command = start(args, env);
    await command.says(first);
    server.freeze();
    // It looks again, and waits for an answer from then on.
    appendFileSync(join(dir, 'events.jsonl'), '\n');
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await command.interrupted()).toEqual({ code: 130, stderr: expect.stringMatching(said) });
  });
});

/** The process may have been killed. */
function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {}
}

/** Programs of Slurm that say they are there, and then neither answer nor end when they are asked to. */
function hungSlurm(here: string): NodeJS.ProcessEnv {
  const bin = join(here, 'bin');
  mkdirSync(bin);
  for (const name of ['sbatch', 'salloc', 'squeue', 'scancel', 'scontrol', 'sinfo', 'sacct'])
    writeFileSync(
      join(bin, name),
      `#!/bin/bash\ntrap '' TERM INT HUP\necho $$ >>"${here}/called"\necho >"${here}/${name}.called"\nwhile :; do sleep 1; done\n`,
      { mode: 0o755 },
    );
  writeFileSync(join(here, 'job.yaml'), SMALL);
  mkdirSync(join(here, '.config/dyn-slurm/clusters'), { recursive: true });
  writeFileSync(join(here, '.config/dyn-slurm/clusters/near.yaml'), `slurm_bin: ${bin}\n`);
  return { HOME: here, USER: 'me', PATH: process.env.PATH, DYN_SLURM_CLUSTER: 'near' };
}

describe('Ctrl-C ends a command on a login node whose Slurm hangs', () => {
  test.each([
    [['allocate', 'job.yaml'], 'salloc', /^Slurm does not say whether the allocation was withdrawn: /],
    [['submit', 'job.yaml'], 'sbatch', /^sbatch has not answered yet; /],
    [['submit', 'job.yaml', '--test-only'], 'sbatch', /^/],
    [['status', 'r1'], 'squeue', /^/],
    [['watch', 'r1'], 'squeue', /^\nstopped watching; job 4242 keeps running/],
    [['cancel', 'r1'], 'scancel', /^/],
  ])('%j', async (args, program, said) => {
    const here = temporaryFolder();
    const env = hungSlurm(here);
    onTestFinished(() => {
      for (const pid of readFileSync(join(here, 'called'), 'utf8').trim().split('\n')) kill(Number(pid));
    });
    await addRun(join(here, 'dyn-slurm-runs'), {
      events: 'served',
      until: 'step-started',
      jobId: '4242',
      cluster: 'near',
      id: 'r1-0a1b2c',
    });
    const command = start(
      args.map((word) => (word === 'job.yaml' ? join(here, word) : word)),
      env,
    );
    while (!existsSync(join(here, `${program}.called`)))
      await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await command.interrupted()).toEqual({ code: 130, stderr: expect.stringMatching(said) });
  });
});
