import { spawn } from 'node:child_process';
import { chown, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { Terminal } from '../terminal.ts';
import { asUser, type Ended, inBox, type RunOptions } from './box.ts';
import { type Running, running } from './cli.ts';
import { type Cluster, USERS } from './cluster.ts';

const ROOT = join(import.meta.dirname, '../..');

/** An answer to a question, found by its words. */
export type Answer = readonly [question: RegExp, answer: string];

/** The built command line on the laptop, outside of the cluster. */
export interface LaptopCli {
  /** Puts a file into the laptop's home. */
  put(path: string, text: string): Promise<void>;
  run(args: readonly string[], options?: RunOptions): Promise<Ended>;
  start(args: readonly string[], options?: RunOptions): Running;
  terminal(args: readonly string[], options?: RunOptions): Terminal;
  /** At a terminal, with somebody who answers each question once. What it prints is in `stdout`, as a terminal shows it. */
  ask(args: readonly string[], answers: readonly Answer[], options?: RunOptions): Promise<Ended>;
}

let started = 0;

export function laptopCli(cluster: Cluster): LaptopCli {
  const { me } = USERS;
  const argv = (args: readonly string[]) => [process.execPath, join(ROOT, 'dist/main.js'), ...args];
  const enter = (words: readonly string[], options: RunOptions) =>
    inBox(cluster.state, 'laptop', asUser(me, words, options));
  return {
    async put(path, text) {
      const home = join(cluster.laptopHomes, 'me');
      const file = join(home, path);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, text);
      for (let folder = file; folder !== home; folder = dirname(folder)) await chown(folder, me.uid, me.uid);
    },
    run: (args, options = {}) => cluster.laptop(argv(args), options),
    start(args, options = {}) {
      const note = `/tmp/cli-${process.pid}-${started++}`;
      const [file = '', ...words] = enter(
        ['bash', '-c', 'echo $$ >"$0"; exec "$@"', note, ...argv(args)],
        options,
      );
      return running(spawn(file, words, { stdio: ['ignore', 'pipe', 'pipe'] }), async (signal) => {
        const killed = await cluster.onNode('laptop', ['bash', '-c', `kill -s ${signal} "$(cat ${note})"`]);
        if (killed.code !== 0) throw new Error(killed.stderr);
      });
    },
    terminal: (args, options = {}) => new Terminal(argv(args), { enter: (words) => enter(words, options) }),
    ask(args, answers, options = {}) {
      const command = argv(args)
        .map((word) => `'${word}'`)
        .join(' ');
      const [file = '', ...words] = enter(['script', '-qefc', command, '/dev/null'], options);
      const child = spawn(file, words, { stdio: ['pipe', 'pipe', 'ignore'] });
      const left = [...answers];
      let stdout = '';
      let heard = 0;
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        stdout += text;
        const at = left.findIndex(([question]) => question.test(stdout.slice(heard)));
        if (at === -1) return;
        heard = stdout.length;
        child.stdin.write(`${left.splice(at, 1)[0]?.[1]}\r`);
      });
      return new Promise((resolve) => {
        child.on('close', (code) => resolve({ stdout, stderr: '', code: code ?? 128 + 9 }));
      });
    },
  };
}
