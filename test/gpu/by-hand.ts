import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { post } from './clients.ts';
import { modelPath, SERVED } from './config.ts';
import { engineArgs } from './parts.ts';
import type { Settings } from './settings.ts';

/** The same service, typed by hand: etcd, NATS, a worker and a frontend, on loopback. */
export class ByHand {
  readonly #settings: Settings;
  /** Logs and data. */
  readonly folder = mkdtempSync(join(tmpdir(), 'by-hand-'));
  readonly #children: ChildProcess[] = [];
  url = '';
  /** Of the worker. */
  readonly log: string;
  /** When the worker was started, in milliseconds since 1970. */
  at = 0;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.log = join(this.folder, 'worker.log');
    process.once('exit', () => this.#signal('SIGKILL'));
  }

  async start(): Promise<void> {
    const [client = 0, peer = 0, nats = 0, http = 0, system = 0] = await freePorts(5);
    const etcd = `http://127.0.0.1:${client}`;
    const peers = `http://127.0.0.1:${peer}`;
    const { engine, python, cpu, package: product } = this.#settings;
    const tools = toolsBin();
    const args = Object.entries(engineArgs(this.#settings)).flatMap(([name, value]) =>
      value === true ? [`--${name}`] : value === false ? [] : [`--${name}`, String(value)],
    );
    this.#spawn('etcd', join(tools, 'etcd'), [
      ...['--data-dir', join(this.folder, 'etcd'), '--log-level', 'warn'],
      ...['--listen-client-urls', etcd, '--advertise-client-urls', etcd],
      ...[
        '--listen-peer-urls',
        peers,
        '--initial-advertise-peer-urls',
        peers,
        '--initial-cluster',
        `default=${peers}`,
      ],
    ]);
    this.#spawn('nats', join(tools, 'nats-server'), [
      '-js',
      '-sd',
      join(this.folder, 'nats'),
      '-a',
      '127.0.0.1',
      '-p',
      String(nats),
    ]);
    await sleep(500);
    const env = {
      ETCD_ENDPOINTS: etcd,
      NATS_SERVER: `nats://127.0.0.1:${nats}`,
      DYN_SDK_DISABLE_ANSI_LOGGING: '1',
    };
    const planes = ['--request-plane', 'tcp', '--event-plane', 'nats'];
    this.at = Date.now();
    const model = engine === 'vllm' ? '--model' : '--model-path';
    this.#spawn(
      'worker',
      python,
      [
        // On a CPU the engine gets the arguments that a rehearsed node gives it.
        ...(cpu ? ['-B', join(product, 'rehearsal/engine/as_cpu.py')] : ['-m']),
        `dynamo.${engine}`,
        model,
        modelPath(this.#settings, 'dense'),
        '--served-model-name',
        SERVED,
        ...planes,
        ...args,
      ],
      { ...env, ...this.#settings.env, DYN_SYSTEM_PORT: String(system), PYTHONUNBUFFERED: '1' },
    );
    this.#spawn(
      'frontend',
      python,
      [
        '-m',
        'dynamo.frontend',
        '--http-host',
        '127.0.0.1',
        '--http-port',
        String(http),
        '--router-mode',
        'round-robin',
        ...planes,
      ],
      env,
    );
    this.url = `http://127.0.0.1:${http}`;
  }

  /** Waits for a first completion. */
  async ready(): Promise<void> {
    const until = performance.now() + this.#settings.patience * 1000;
    while (performance.now() < until && this.#children.every(({ exitCode }) => exitCode === null)) {
      const answer = await post(`${this.url}/v1/completions`, {
        model: SERVED,
        prompt: 'hi',
        max_tokens: 2,
      }).catch(() => undefined);
      if (answer?.ok) return;
      await sleep(200);
    }
    throw new Error(`by hand, no completion: ${readFileSync(this.log, 'utf8').slice(-1500)}`);
  }

  async stop(): Promise<void> {
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      this.#signal(signal);
      await Promise.race([sleep(15_000, undefined, { ref: false }), Promise.all(this.#children.map(closed))]);
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  #signal(signal: NodeJS.Signals): void {
    for (const { pid } of this.#children) {
      try {
        // Its whole group: schedulers of an engine outlive a parent that is killed.
        if (pid !== undefined) process.kill(-pid, signal);
      } catch {
        // It has ended.
      }
    }
  }

  #spawn(
    name: string,
    program: string,
    words: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): void {
    const fd = openSync(join(this.folder, `${name}.log`), 'w');
    const child = spawn(program, words, {
      detached: true,
      stdio: ['ignore', fd, fd],
      env: { ...process.env, ...env },
    });
    closeSync(fd);
    this.#children.push(child);
  }
}

function closed(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else child.once('close', () => resolve());
  });
}

/** Where `dyn-slurm setup` has put etcd and nats-server. */
function toolsBin(): string {
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'dyn-slurm');
  const folder = readdirSync(cache)
    .filter((name) => name.startsWith('tools-'))
    .at(-1);
  if (folder === undefined) throw new Error('no tools are installed: run `dyn-slurm setup`');
  return join(cache, folder, 'bin');
}

/** Ports of loopback that nobody listens on, below those that Linux hands out: Dynamo takes none above 32767 for DYN_SYSTEM_PORT. */
async function freePorts(count: number): Promise<readonly number[]> {
  const ports: number[] = [];
  for (let port = 20_000 + (process.pid % 5000); ports.length < count; port++)
    if (await isFree(port)) ports.push(port);
  return ports;
}

function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
