import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** How a command ended. `code` is 128 + n after signal n. */
export interface Ended {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

export interface RunOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Milliseconds, after which the command is killed: ten minutes by default, which only a command that hangs takes. */
  readonly timeout?: number;
}

export interface User {
  readonly name: string;
  readonly uid: number;
}

const SYSTEM_PATH = '/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin';

/** Runs a command to its end. A failure is a result like any other. */
export function run(argv: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const [file = '', ...args] = argv;
  const { input, env, cwd, timeout = 600_000 } = options;
  return new Promise((resolve) => {
    const child = execFile(
      file,
      args,
      { timeout, killSignal: 'SIGKILL', maxBuffer: 64 << 20, ...(env && { env }), ...(cwd && { cwd }) },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 128 + 9;
        resolve({ stdout, stderr, code });
      },
    );
    child.stdin?.on('error', () => {});
    child.stdin?.end(input ?? '');
  });
}

/** The pid by which the machine knows a box's process 1. */
export function boxPid(state: string, box: string): number {
  return Number(readFileSync(join(state, 'boxes', box, 'init'), 'utf8').split(' ')[0]);
}

/** The command that runs `argv` in a box as root. */
export function inBox(state: string, box: string, argv: readonly string[]): readonly string[] {
  const pid = String(boxPid(state, box));
  const spaces = ['--mount', '--net', '--uts', '--ipc', '--pid', '--cgroup'];
  return ['nsenter', '--target', pid, ...spaces, '--', ...argv];
}

/** The command that runs `argv` as a user, with nothing of our own environment. */
export function asUser(user: User, argv: readonly string[], options: RunOptions = {}): readonly string[] {
  const home = `/home/${user.name}`;
  const env = { HOME: home, USER: user.name, LOGNAME: user.name, SHELL: '/bin/bash', PATH: SYSTEM_PATH };
  const words = Object.entries({ ...env, ...options.env }).map(([name, value]) => `${name}=${value}`);
  const identity = [`--reuid=${user.uid}`, `--regid=${user.uid}`, '--init-groups'];
  return ['setpriv', ...identity, 'env', '-i', `--chdir=${options.cwd ?? home}`, ...words, ...argv];
}
