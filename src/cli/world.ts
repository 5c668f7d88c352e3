import {
  closeSync,
  existsSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  statSync,
} from 'node:fs';
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import type process from 'node:process';
import type { Stdio } from '../host/host.ts';
import { onAbort } from '../host/on-abort.ts';
import { type NotOwn, type OwnFile, readOwnFile } from '../host/own-file.ts';
import { pidWorld } from '../host/pid-world.ts';
import { beginning, readBeginning } from '../host/read-beginning.ts';
import type { Interrupts } from './interrupts.ts';
import { type Sink, safeSink, wrappingSink } from './sink.ts';
import { type Ask, askAt, lineReaderAt, type ReadLines } from './terminal.ts';

export interface Page {
  /** Columns of the terminal, or of COLUMNS; without a limit where output goes to a file or program. */
  readonly width: number;
  readonly color: boolean;
}

export type FileKind = 'file' | 'folder' | 'link' | 'other';

/** Everything that a command may learn from, or do to, what is around it. Commands make no other effects. */
export type World = Readonly<ReturnType<typeof processWorld>>;

/**
 * The real world of a process. Small files are read without a detour through the thread pool: a dry-run reads a dozen,
 * and the detours would take as long as everything else about them. `packageRoot`: the folder of the package, which holds
 * templates, configs and rehearsal, absolute. `signal` is aborted by the first SIGINT, SIGTERM or SIGHUP, or once nobody
 * reads what is printed; its reason is the signal's name.
 */
export function processWorld(
  proc: typeof process,
  packageRoot: string,
  signal: AbortSignal,
  interrupts: Interrupts = { handlers: [], holds: 0 },
) {
  const { env, stdin, stdout, stderr } = proc;
  const dumb = env.TERM === 'dumb';
  const isTTY = stdout.isTTY === true && !dumb;
  const color = usesColor(env, isTTY);
  const out: Sink = safeSink(stdout, color);
  const err: Sink = wrappingSink(stderr);
  const size = () => stdout.columns || given(env.COLUMNS);
  return {
    packageRoot,
    signal,
    env: env as Readonly<Record<string, string | undefined>>,
    /** Absolute. */
    cwd: proc.cwd(),
    home: env.HOME ?? '/',
    /** Data. */
    out,
    /** Talk. */
    err,
    /** Standard output is a terminal that can move its cursor. */
    isTTY,
    color,
    /** Width of the terminal in characters, which may change; 80 where there is none. */
    get columns(): number {
      return size() || 80;
    },
    /** What text on standard output may take. */
    get page(): Page {
      return { width: size() || Number.POSITIVE_INFINITY, color };
    },
    /** Height of the terminal in lines, where there is one. */
    get rows(): number | undefined {
      return stdout.rows;
    },
    /** This process, as others on the machine see it. */
    self: {
      machine: hostname(),
      pid: proc.pid,
      /** Pids mean something only to processes with the same; see pidWorld. */
      pidWorld,
      /** User id. */
      user: proc.getuid?.() ?? 0,
      /** Whether a process of this pid world runs. */
      lives: (pid: number): boolean => lives(proc, pid),
    },
    now: (): Date => new Date(),
    randomHex: (bytes: number): string =>
      Buffer.from(crypto.getRandomValues(new Uint8Array(bytes))).toString('hex'),
    /** Undefined where there is no terminal to ask at. Standard input takes its time to be looked at. */
    get ask(): Ask | undefined {
      return askAt(proc, signal);
    },
    /** For programs that take the place of this one. */
    get stdio(): Stdio {
      return { stdin, stdout, stderr };
    },
    /** Undefined where input and output are no terminal. */
    get readLines(): ReadLines | undefined {
      return dumb ? undefined : lineReaderAt(proc);
    },
    /** From now on Ctrl-C goes to `handler` instead of aborting `signal`, until what this gives is called. */
    onInterrupt(handler: () => void): () => void {
      interrupts.handlers.push(handler);
      return () => {
        interrupts.handlers = interrupts.handlers.filter((other) => other !== handler);
      };
    },
    /**
     * Gives an interrupted process somewhat longer before it is cut off, until what this gives is called: for work on this
     * machine that is better not left half done.
     */
    holdEnd(): () => void {
      interrupts.holds += 1;
      return () => {
        interrupts.holds -= 1;
      };
    },
    /** Standard input, as far as so many bytes. Rejects with the abort. */
    async readStdin(most: number): Promise<string> {
      const stop = () => stdin.destroy(new Error('interrupted while reading standard input'));
      return beginning(stdin, most).finally(onAbort(signal, stop));
    },
    /** The first bytes of a file or pipe as UTF-8, in bounded memory. Rejects with Node's own error, or the abort. */
    readBeginning: (path: string, most: number): Promise<string> => readBeginning(path, most, signal),
    /** UTF-8 text. Rejects with Node's own error. */
    readFile: async (path: string): Promise<string> => readFileSync(path, 'utf8'),
    /** The first bytes of a regular file; undefined where it is none. Rejects with Node's own error. */
    readBytes: async (path: string, most: number): Promise<Uint8Array | undefined> => firstBytes(path, most),
    /** A file that nobody else can change or replace; undefined where there is none. */
    readOwn: async (path: string): Promise<OwnFile | NotOwn | undefined> => readOwnFile(path),
    /** Makes the folders above. */
    async writeFile(path: string, text: string, mode?: number): Promise<void> {
      // Whatever the umask is, nobody else may write there.
      await mkdir(dirname(path), { recursive: true, mode: 0o755 });
      await writeFile(path, text, { mode: mode ?? 0o644 });
      // A mode that was asked for holds, whatever the umask is.
      if (mode !== undefined) await chmod(path, mode);
    },
    exists: async (path: string): Promise<boolean> => existsSync(path),
    /** What the path itself is, a link not followed; undefined where there is nothing. */
    async kind(path: string): Promise<FileKind | undefined> {
      const found = unless(['ENOENT', 'ENOTDIR'], () => lstatSync(path));
      if (found === undefined) return undefined;
      if (found.isSymbolicLink()) return 'link';
      if (found.isDirectory()) return 'folder';
      return found.isFile() ? 'file' : 'other';
    },
    /** Names in a folder, sorted; none where there is no such folder, or it may not be read. */
    listDir: async (path: string): Promise<readonly string[]> =>
      unless(['ENOENT', 'ENOTDIR', 'EACCES'], () => readdirSync(path).sort()) ?? [],
    /** Removes a file, a link, or a folder and all in it; no error where there is none. */
    remove: (path: string): Promise<void> => rm(path, { recursive: true, force: true }),
  };
}

function firstBytes(path: string, most: number): Uint8Array | undefined {
  // To open a pipe would wait for somebody to write to it.
  if (!statSync(path).isFile()) return undefined;
  const bytes = Buffer.alloc(most);
  const file = openSync(path, 'r');
  try {
    return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, 0));
  } finally {
    closeSync(file);
  }
}

function given(columns: string | undefined): number {
  return /^[1-9]\d{0,4}$/.test(columns ?? '') ? Number(columns) : 0;
}

/** See https://no-color.org: any non-empty NO_COLOR wins. */
function usesColor(env: NodeJS.ProcessEnv, terminal: boolean): boolean {
  if (env.NO_COLOR) return false;
  if (env.FORCE_COLOR) return env.FORCE_COLOR !== '0';
  return terminal;
}

/** Undefined where the work fails with one of these codes. */
function unless<Result>(codes: readonly string[], work: () => Result): Result | undefined {
  try {
    return work();
  } catch (error) {
    if (codes.includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
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
