import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
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
  /** When the command that has submitted it is done with it, where it goes on. */
  readonly answered?: Promise<unknown>;
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

/** Seconds that a command may take: those of a user who looks on, and of an engine on a busy CPU. */
const LIMIT = 300;

/** dyn-slurm, as its user calls it. */
export class Product {
  readonly #settings: Settings;
  /** Where the runs are. */
  readonly runs: string;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.runs = join(settings.work, 'runs');
  }

  /** @throws if it has not ended after so many seconds */
  async call(words: readonly string[], limit = LIMIT): Promise<Printed> {
    const began = performance.now();
    const child = this.#spawn(words, ['ignore', 'pipe', 'pipe']);
    const text = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const)
      child[name]?.setEncoding('utf8').on('data', (chunk: string) => {
        text[name] += chunk;
      });
    const closed = Promise.all([closing(child.stdout), closing(child.stderr)]);
    const code = await within(ended(child), limit);
    if (code === LATE) {
      child.kill('SIGKILL');
      throw new Error(`dyn-slurm ${words.join(' ')} had not ended after ${limit} s: ${last(text.stderr)}`);
    }
    const seconds = (performance.now() - began) / 1000;
    // What a service keeps open may never be closed.
    await within(closed, 5);
    return { code, ...text, seconds };
  }

  /** Of a command that prints JSON. @throws where it fails, with what it said */
  async json<T>(words: readonly string[], limit?: number): Promise<T> {
    const { code, stdout, stderr } = await this.call([...words, '--json'], limit);
    if (code !== 0) throw new Refused(words, code, last(stderr || stdout));
    return JSON.parse(stdout) as T;
  }

  async submit(config: string): Promise<Submitted> {
    const at = Date.now();
    if (this.#settings.cpu) return this.#rehearse(config, at);
    const { run, dir } = await this.json<{ run: string; dir: string }>(['serve', config, '--detach']);
    return { id: run, dir, at };
  }

  /** On a CPU: `serve` needs GPUs. The command goes on until the service has answered it. */
  async #rehearse(config: string, at: number): Promise<Submitted> {
    const known = runsIn(this.runs);
    const words = ['rehearse', config, '--engine', 'cpu', '--keep', '--json'];
    const file = `printed/${basename(config, '.yaml')}.rehearse.jsonl`;
    const { done } = this.background(words, file);
    let code: number | null | undefined;
    void done.then((ended) => {
      code = ended;
    });
    for (const until = performance.now() + LIMIT * 1000; performance.now() < until; await sleep(20)) {
      const id = runsIn(this.runs).find((run) => !known.includes(run));
      if (id !== undefined && existsSync(join(this.runs, id, 'job.json')))
        return { id, dir: join(this.runs, id), at, answered: within(done, this.#settings.patience + LIMIT) };
      if (code !== undefined)
        throw new Refused(words, code, last(readFileSync(join(this.#settings.work, file), 'utf8')));
    }
    throw new Error(`dyn-slurm ${words.join(' ')} had made no run after ${LIMIT} s`);
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
      if ((await within(done, 20)) === LATE) child.kill('SIGKILL');
    };
    return { stop, done };
  }

  #spawn(words: readonly string[], stdio: ('ignore' | 'pipe' | number)[]): ChildProcess {
    const { package: folder, work, python } = this.#settings;
    const path = python.includes('/') ? `${join(python, '..')}:${process.env.PATH}` : process.env.PATH;
    const env = {
      ...process.env,
      PATH: path,
      DYN_SLURM_RUNS: this.runs,
      NO_COLOR: '1',
      COLUMNS: '200',
    };
    return spawn(process.execPath, [join(folder, 'dist/main.js'), ...words], { stdio, env, cwd: work });
  }
}

function runsIn(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
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
    child.once('exit', (code) => resolve(code));
  });
}

function closing(stream: NodeJS.ReadableStream | null): Promise<void> {
  return new Promise((resolve) => {
    if (stream === null) resolve();
    else stream.once('close', resolve);
  });
}

const LATE = Symbol('late');

/** What comes of it, or LATE after so many seconds. */
async function within<T>(result: Promise<T>, seconds: number): Promise<T | typeof LATE> {
  const clock = new AbortController();
  const late = sleep(seconds * 1000, LATE, { signal: clock.signal }).catch(() => LATE);
  try {
    return await Promise.race([result, late as Promise<typeof LATE>]);
  } finally {
    clock.abort();
  }
}

/** The end of a text, for a message. */
export function last(text: string, length = 600): string {
  return text.trim().slice(-length);
}
