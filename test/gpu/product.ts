import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EventKind, EventOf, RunEvent } from '../../src/run/events.ts';
import type { Settings } from './settings.ts';

export interface Printed {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly seconds: number;
}

/** A run that has been submitted. */
export interface Submitted {
  readonly id: string;
  readonly dir: string;
  /** Before the command was started, in milliseconds since 1970. */
  readonly at: number;
}

/** A command that did not do what it was told. */
export class Refused extends Error {
  readonly printed: string;

  constructor(words: readonly string[], code: number | null, printed: string) {
    super(`dyn-slurm ${words.join(' ')} ended with ${code}: ${printed}`);
    this.name = 'Refused';
    this.printed = printed;
  }
}

/** dyn-slurm, as its user calls it. */
export class Product {
  readonly #settings: Settings;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  async call(words: readonly string[], limit = 600): Promise<Printed> {
    const began = performance.now();
    const child = this.#spawn(words, ['ignore', 'pipe', 'pipe']);
    const out = collect(child.stdout);
    const err = collect(child.stderr);
    const timer = setTimeout(() => child.kill('SIGKILL'), limit * 1000);
    const code = await ended(child);
    clearTimeout(timer);
    return { code, stdout: await out, stderr: await err, seconds: (performance.now() - began) / 1000 };
  }

  /** Of a command that prints JSON. @throws where it fails, with what it said */
  async json<T>(words: readonly string[], limit?: number): Promise<T> {
    const { code, stdout, stderr } = await this.call([...words, '--json'], limit);
    if (code !== 0) throw new Refused(words, code, last(stderr || stdout));
    return JSON.parse(stdout) as T;
  }

  async submit(config: string): Promise<Submitted> {
    const at = Date.now();
    const words = this.#settings.cpu
      ? ['submit', config, '--cluster', 'local']
      : ['serve', config, '--detach'];
    const { run, dir } = await this.json<{ run: string; dir: string }>(words);
    return { id: run, dir, at };
  }

  /** A command that goes on, with its output in a file of the work folder. `stop` interrupts it. */
  background(
    words: readonly string[],
    file: string,
  ): { stop(): Promise<void>; done: Promise<number | null> } {
    const path = join(this.#settings.work, file);
    mkdirSync(join(path, '..'), { recursive: true });
    const fd = openSync(path, 'w');
    const child = this.#spawn(words, ['ignore', fd, fd]);
    closeSync(fd);
    const done = ended(child);
    const stop = async () => {
      child.kill('SIGINT');
      await done;
    };
    return { stop, done };
  }

  #spawn(words: readonly string[], stdio: ('ignore' | 'pipe' | number)[]): ChildProcess {
    const { package: folder, work, python, cpu } = this.#settings;
    const path = python.includes('/') ? `${join(python, '..')}:${process.env.PATH}` : process.env.PATH;
    const env = {
      ...process.env,
      PATH: path,
      DYN_SLURM_RUNS: join(work, 'runs'),
      NO_COLOR: '1',
      COLUMNS: '200',
      ...(cpu && { DYN_SLURM_STANDIN_ENGINE: `cpu:${python}`, XDG_CONFIG_HOME: join(work, 'config') }),
    };
    return spawn(process.execPath, [join(folder, 'dist/main.js'), ...words], { stdio, env, cwd: work });
  }
}

/** What the job has told so far. */
export function eventsOf({ dir }: Pick<Submitted, 'dir'>): readonly RunEvent[] {
  let text = '';
  try {
    text = readFileSync(join(dir, 'events.jsonl'), 'utf8');
  } catch {
    return [];
  }
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  return whole
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as RunEvent);
}

export function eventOf<Kind extends EventKind>(
  run: Pick<Submitted, 'dir'>,
  kind: Kind,
): EventOf<Kind> | undefined {
  return eventsOf(run).findLast((event): event is EventOf<Kind> => event.kind === kind);
}

/** The first of these events to come. @throws where none comes in so many seconds */
export async function awaitEvent(
  run: Submitted,
  kinds: readonly EventKind[],
  seconds: number,
): Promise<RunEvent> {
  const until = performance.now() + seconds * 1000;
  for (;;) {
    const found = eventsOf(run).find(({ kind }) => kinds.includes(kind));
    if (found) return found;
    if (performance.now() > until)
      throw new Error(
        `${run.id} has told none of ${kinds.join(', ')} in ${seconds} s; last: ${JSON.stringify(eventsOf(run).at(-1))}`,
      );
    await sleep(50);
  }
}

function ended(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => {
    child.once('error', () => resolve(null));
    child.once('close', (code) => resolve(code));
  });
}

async function collect(stream: NodeJS.ReadableStream | null): Promise<string> {
  let text = '';
  for await (const chunk of stream ?? []) text += chunk;
  return text;
}

/** The end of a text, for a message. */
export function last(text: string, length = 600): string {
  return text.trim().slice(-length);
}
