import { existsSync, lstatSync, readdirSync, readFileSync, type Stats } from 'node:fs';
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import type process from 'node:process';
import type { Stdio } from '../host/host.ts';
import { onAbort } from '../host/on-abort.ts';
import { type NotOwn, type OwnFile, readOwnFile } from '../host/own-file.ts';
import { pidWorld } from '../host/pid-world.ts';
import { type Ask, askAt } from './ask.ts';
import type { Interrupts } from './interrupts.ts';
import { lineReaderAt, type ReadLines } from './line-reader.ts';
import { type Sink, safeSink, wrappingSink } from './sink.ts';

export interface Page {
  /** Columns of the terminal, or of COLUMNS; without a limit where output goes to a file or program. */
  readonly width: number;
  readonly color: boolean;
}

export type FileKind = 'file' | 'folder' | 'link' | 'other';

/** Everything that a command may learn from, or do to, what is around it. Commands make no other effects. */
export interface World {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute. */
  readonly cwd: string;
  readonly home: string;
  /** The folder of the package: holds templates, configs and rehearsal. Absolute. */
  readonly packageRoot: string;
  /** Data. */
  readonly out: Sink;
  /** Talk. */
  readonly err: Sink;
  /** Standard output is a terminal that can move its cursor. */
  readonly isTTY: boolean;
  /** Width of the terminal in characters; 80 where there is none. */
  readonly columns: number;
  /** What text on standard output may take. */
  readonly page: Page;
  /** Height of the terminal in lines, where there is one. */
  readonly rows?: number;
  readonly color: boolean;
  /** This process, as others on the machine see it. */
  readonly self: {
    readonly machine: string;
    readonly pid: number;
    /** Pids mean something only to processes with the same; see pidWorld. */
    pidWorld(): string;
    /** User id. */
    readonly user: number;
    /** Whether a process of this pid world runs. */
    lives(pid: number): boolean;
  };
  /** Aborted by the first SIGINT, SIGTERM or SIGHUP, or once nobody reads what is printed; its reason is the signal's name. */
  readonly signal: AbortSignal;
  now(): Date;
  randomHex(bytes: number): string;
  /** Undefined where there is no terminal to ask at. */
  readonly ask: Ask | undefined;
  /** For programs that take the place of this one. */
  readonly stdio: Stdio;
  /** Undefined where input and output are no terminal. */
  readonly readLines: ReadLines | undefined;
  /** From now on Ctrl-C goes to `handler` instead of aborting `signal`, until what this gives is called. */
  onInterrupt(handler: () => void): () => void;
  /**
   * Gives an interrupted process somewhat longer before it is cut off, until what this gives is called: for work on this
   * machine that is better not left half done.
   */
  holdEnd(): () => void;
  /** All of standard input. */
  readStdin(): Promise<string>;
  /** UTF-8 text. Rejects with Node's own error. */
  readFile(path: string): Promise<string>;
  /** A file that nobody else can change or replace; undefined where there is none. */
  readOwn(path: string): Promise<OwnFile | NotOwn | undefined>;
  /** Makes the folders above. */
  writeFile(path: string, text: string, mode?: number): Promise<void>;
  exists(path: string): Promise<boolean>;
  /** What the path itself is, a link not followed; undefined where there is nothing. */
  kind(path: string): Promise<FileKind | undefined>;
  /** Names in a folder, sorted; none where there is no such folder, or it may not be read. */
  listDir(path: string): Promise<readonly string[]>;
  /** Removes a file, a link, or a folder and all in it; no error where there is none. */
  remove(path: string): Promise<void>;
}

/**
 * The real world of a process. Small files are read without a detour through the thread pool: a dry-run reads a dozen,
 * and the detours would take as long as everything else about them.
 */
export function processWorld(
  proc: typeof process,
  packageRoot: string,
  signal: AbortSignal,
  interrupts: Interrupts = { handlers: [], holds: 0 },
): World {
  const { env, stdout } = proc;
  const dumb = env.TERM === 'dumb';
  const color = usesColor(env, stdout.isTTY === true && !dumb);
  return {
    env,
    cwd: proc.cwd(),
    home: env.HOME ?? '/',
    packageRoot,
    out: safeSink(stdout, color),
    err: wrappingSink(proc.stderr),
    isTTY: stdout.isTTY === true && !dumb,
    // A terminal may change its size.
    get columns() {
      return stdout.columns || given(env.COLUMNS) || 80;
    },
    get page() {
      return { width: stdout.columns || given(env.COLUMNS) || Number.POSITIVE_INFINITY, color };
    },
    get rows() {
      return stdout.rows;
    },
    color,
    self: {
      machine: hostname(),
      pid: proc.pid,
      pidWorld,
      user: proc.getuid?.() ?? 0,
      lives: (pid) => lives(proc, pid),
    },
    signal,
    now: () => new Date(),
    // Standard input takes its time to be looked at.
    get ask() {
      return askAt(proc, signal);
    },
    get stdio() {
      return { stdin: proc.stdin, stdout, stderr: proc.stderr };
    },
    get readLines() {
      return dumb ? undefined : lineReaderAt(proc);
    },
    onInterrupt(handler) {
      interrupts.handlers.push(handler);
      return () => {
        interrupts.handlers = interrupts.handlers.filter((other) => other !== handler);
      };
    },
    holdEnd() {
      interrupts.holds += 1;
      return () => {
        interrupts.holds -= 1;
      };
    },
    randomHex: (bytes) => Buffer.from(crypto.getRandomValues(new Uint8Array(bytes))).toString('hex'),
    readStdin: () => readAll(proc.stdin, signal),
    readFile: async (path) => readFileSync(path, 'utf8'),
    readOwn: async (path) => readOwnFile(path),
    writeFile: async (path, text, mode) => {
      // Whatever the umask is, nobody else may write there.
      await mkdir(dirname(path), { recursive: true, mode: 0o755 });
      await writeFile(path, text, { mode: mode ?? 0o644 });
      // A mode that was asked for holds, whatever the umask is.
      if (mode !== undefined) await chmod(path, mode);
    },
    exists: async (path) => existsSync(path),
    kind: async (path) => {
      const found = statusOf(path);
      if (found === undefined) return undefined;
      if (found.isSymbolicLink()) return 'link';
      if (found.isDirectory()) return 'folder';
      return found.isFile() ? 'file' : 'other';
    },
    listDir: async (path) => {
      try {
        return readdirSync(path).sort();
      } catch (error) {
        if (NO_FOLDER.has((error as NodeJS.ErrnoException).code)) return [];
        throw error;
      }
    },
    remove: (path) => rm(path, { recursive: true, force: true }),
  };
}

function given(columns: string | undefined): number {
  return /^[1-9]\d{0,4}$/.test(columns ?? '') ? Number(columns) : 0;
}

const NO_FOLDER: ReadonlySet<string | undefined> = new Set(['ENOENT', 'ENOTDIR', 'EACCES']);

/** Rejects with the abort. */
async function readAll(stdin: typeof process.stdin, signal: AbortSignal): Promise<string> {
  const stop = () => stdin.destroy(new Error('interrupted while reading standard input'));
  const forget = onAbort(signal, stop);
  const parts: Buffer[] = [];
  for await (const part of stdin) parts.push(part as Buffer);
  forget();
  return Buffer.concat(parts).toString('utf8');
}

/** See https://no-color.org: any non-empty NO_COLOR wins. */
function usesColor(env: World['env'], terminal: boolean): boolean {
  if (env.NO_COLOR) return false;
  if (env.FORCE_COLOR) return env.FORCE_COLOR !== '0';
  return terminal;
}

function statusOf(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

function lives(proc: typeof process, pid: number): boolean {
  try {
    return proc.kill(pid, 0);
  } catch (error) {
    // One of another user's.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
