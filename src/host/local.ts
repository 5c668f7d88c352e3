import type { ChildProcess } from 'node:child_process';
import { constants } from 'node:os';
import process from 'node:process';
import { execa } from 'execa';
import { DynSlurmError } from '../errors.ts';
import { commandError } from './command-error.ts';
import { allNames, commandEnvironment, INHERITED } from './environment.ts';
import { followFile } from './follow.ts';
import type { CommandResult, ExecOptions, Host, InteractOptions } from './host.ts';
import {
  listLocal,
  readEachLocal,
  readLocalPart,
  readLocalText,
  removeLocalFolder,
  writeLocalFiles,
} from './local-files.ts';
import { onAbort } from './on-abort.ts';
import { timeLimit } from './time-limit.ts';

export interface LocalHostOptions {
  /** Folders to look in before PATH. */
  readonly path: readonly string[];
  /** The caller's; only an allow-list of it reaches the commands, unless they `inherit` it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Commands get all of it but what steers Slurm's. Default: false. */
  readonly inherit?: boolean;
  /** Given to every command in addition. */
  readonly extra?: Readonly<Record<string, string>>;
}

const MOST_OUTPUT = 64 * 1024 * 1024;
/** Milliseconds between SIGTERM and SIGKILL for a command that is out of time. */
const KILL_DELAY = 1000;

/** Runs commands and keeps files on this machine. */
export function localHost({ path, env, extra, inherit = false }: LocalHostOptions): Host {
  const base = commandEnvironment(env, path, extra, inherit ? allNames(env) : INHERITED);
  const name = 'this machine';
  return {
    name,
    exec: (argv, options) => execLocally(name, argv, base, options),
    writeFiles: writeLocalFiles,
    remove: removeLocalFolder,
    readText: async (path) => readLocalText(path),
    readTexts: async (paths) => paths.map(readLocalText),
    readEach: readEachLocal,
    read: readLocalPart,
    list: listLocal,
    follow: (file, offset, signal) => followFile(readLocalPart, file, offset, signal),
    resolve: async (file) => file,
    interact: (argv, options) => interactLocally(name, argv, base, options),
  };
}

/** In our process group: the terminal's keys reach it as they reach us. */
async function interactLocally(
  host: string,
  argv: readonly string[],
  base: Readonly<Record<string, string>>,
  { term, signal }: InteractOptions,
): Promise<number> {
  const [program = '', ...args] = argv;
  const result = await execa(program, args, {
    env: { ...base, ...(term !== undefined && { TERM: term }) },
    extendEnv: false,
    stdio: 'inherit',
    cancelSignal: signal,
    forceKillAfterDelay: KILL_DELAY,
    reject: false,
  });
  if (result.exitCode !== undefined) return result.exitCode;
  if (result.signal) return 128 + constants.signals[result.signal];
  throw notStarted(
    { what: `cannot run ${program}`, argv, host },
    (result.cause as NodeJS.ErrnoException | undefined)?.code,
    result.cause,
  );
}

async function execLocally(
  host: string,
  argv: readonly string[],
  base: Readonly<Record<string, string>>,
  { timeout, signal, input, env }: ExecOptions,
): Promise<CommandResult> {
  const [program = '', ...args] = argv;
  const interrupted = () => new DynSlurmError('interrupted', `interrupted while ${program} ran on ${host}`);
  if (signal.aborted) throw interrupted();
  const child = execa(program, args, {
    env: { ...base, ...env },
    extendEnv: false,
    // A process group of its own: Ctrl-C on the terminal is for us alone, and what the command starts ends with it.
    detached: true,
    maxBuffer: MOST_OUTPUT,
    stripFinalNewline: false,
    reject: false,
    ...(input === undefined ? { stdin: 'ignore' as const } : { input }),
  });
  const stop = AbortSignal.any([signal, timeLimit(timeout)]);
  const end = () => endGroup(child);
  const forget = onAbort(stop, end);
  const result = await child;
  forget();
  const { stdout = '', stderr = '', exitCode } = result;
  if (signal.aborted) throw interrupted();
  if (exitCode !== undefined && !stop.aborted && !result.isMaxBuffer) return { stdout, stderr, exitCode };
  const failed = { what: `${program} failed`, argv, host, stdout, stderr };
  if (stop.aborted) {
    const how = `no answer within ${timeout / 1000} s`;
    throw commandError({ ...failed, what: `${program} did not end`, how }, 'connection');
  }
  if (result.isMaxBuffer) throw commandError({ ...failed, how: 'too much output', stdout: '' }, 'connection');
  if (result.signal) throw commandError({ ...failed, how: `killed by ${result.signal}` }, 'connection');
  throw notStarted(failed, (result.cause as NodeJS.ErrnoException | undefined)?.code, result.cause);
}

/** Ends a command and all that it has started: a wrapper's child would hold our end of its output open. */
function endGroup(child: ChildProcess): void {
  const { pid } = child;
  if (pid === undefined) return;
  signalGroup(pid, 'SIGTERM');
  const kill = setTimeout(() => {
    signalGroup(pid, 'SIGKILL');
    child.stdout?.destroy();
    child.stderr?.destroy();
  }, KILL_DELAY);
  child.once('close', () => clearTimeout(kill));
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function notStarted(
  failed: { what: string; argv: readonly string[]; host: string },
  code: string | undefined,
  cause: unknown,
): DynSlurmError {
  const what = `cannot run ${failed.argv[0]}`;
  if (code !== 'ENOENT')
    return commandError({ ...failed, what, how: code ?? String(cause) }, 'connection', { cause });
  return commandError({ ...failed, what, how: 'not found on PATH' }, 'connection', {
    hint: 'load the Slurm module of the cluster first, or set slurm_bin in the cluster profile to the folder of its commands',
    cause,
  });
}
