import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import process from 'node:process';
import { Terminal } from '../terminal.ts';
import { asUser, type Ended, inBox, type RunOptions } from './box.ts';
import { type Cluster, USERS } from './cluster.ts';

const ROOT = join(import.meta.dirname, '../..');

/** A command line that runs on the login node. */
export interface Running {
  readonly ended: Promise<Ended>;
  /** What it has printed so far. */
  stdout(): string;
  stderr(): string;
  /** Waits until either fits. */
  says(pattern: RegExp): Promise<void>;
  kill(signal: 'INT' | 'TERM' | 'HUP' | 'KILL'): Promise<void>;
}

/** The built command line, used on the login node by one of the cluster's users. */
export interface LoginCli {
  run(args: readonly string[], options?: RunOptions): Promise<Ended>;
  start(args: readonly string[], options?: RunOptions): Running;
  /** At a terminal. */
  terminal(args: readonly string[], options?: RunOptions): Terminal;
}

type UserName = keyof typeof USERS;

let started = 0;

export function loginCli(cluster: Cluster, user: UserName = 'ada'): LoginCli {
  const argv = (args: readonly string[]) => [process.execPath, join(ROOT, 'dist/main.js'), ...args];
  return {
    run: (args, options = {}) => cluster.onLogin(argv(args), { ...options, user }),
    start(args, options = {}) {
      // Its pid in the box, by which alone it can be reached.
      const note = `/tmp/cli-${process.pid}-${started++}`;
      const shell = ['bash', '-c', 'echo $$ >"$0"; exec "$@"', note, ...argv(args)];
      const [file = '', ...words] = inBox(cluster.state, 'login', asUser(USERS[user], shell, options));
      return running(spawn(file, words, { stdio: ['ignore', 'pipe', 'pipe'] }), async (signal) => {
        const killed = await cluster.onNode('login', ['bash', '-c', `kill -s ${signal} "$(cat ${note})"`]);
        if (killed.code !== 0) throw new Error(killed.stderr);
      });
    },
    terminal: (args, options = {}) =>
      new Terminal(argv(args), {
        enter: (words) => inBox(cluster.state, 'login', asUser(USERS[user], words, options)),
      }),
  };
}

export function running(child: ChildProcess, kill: Running['kill']): Running {
  const said = { stdout: '', stderr: '' };
  let heard = () => {};
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream]?.setEncoding('utf8').on('data', (text: string) => {
      said[stream] += text;
      heard();
    });
  }
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code) => {
      resolve({ ...said, code: code ?? 128 + 9 });
      heard();
    });
  });
  return {
    ended,
    stdout: () => said.stdout,
    stderr: () => said.stderr,
    async says(pattern) {
      while (!pattern.test(said.stdout) && !pattern.test(said.stderr)) {
        if (child.exitCode !== null)
          throw new Error(`ended without ${pattern}:\n${said.stdout}${said.stderr}`);
        await new Promise<void>((resolve) => {
          heard = resolve;
        });
      }
    },
    kill,
  };
}
