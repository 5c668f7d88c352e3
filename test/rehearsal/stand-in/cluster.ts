import { execFile, execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const root = join(import.meta.dirname, '../../..');

export interface Result {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

/** A stand-in cluster of one test's own, with a folder to submit from. */
export interface Cluster {
  readonly dir: string;
  readonly state: string;
  readonly env: Readonly<Record<string, string>>;
  run(program: string, ...args: readonly string[]): Promise<Result>;
  /** Writes a batch script with these `#SBATCH` options and submits it; it prints to job.out. */
  submit(options: string, body: string): Promise<string>;
  /** Waits until squeue gives one of these states. */
  reach(id: string, ...states: readonly string[]): Promise<string>;
  read(file: string): string;
  write(file: string, text: string): void;
  /** Waits until the file has something in it. */
  await(file: string): Promise<string>;
  /** Ends all jobs; throws where a process of any is left. */
  close(): Promise<void>;
}

/** `settings` go into the environment of all that is run. */
export function openCluster(settings: Readonly<Record<string, string>> = {}): Cluster {
  const dir = mkdtempSync(join(tmpdir(), 'stand-in-'));
  const state = join(dir, 'state');
  const env = {
    PATH: `${join(root, 'rehearsal/bin')}:${process.env.PATH}`,
    HOME: process.env.HOME ?? '/',
    DYN_SLURM_STANDIN_DIR: state,
    DYN_SLURM_STANDIN_KILL_WAIT: '5',
    ...settings,
  };
  const here = join(dir, 'work');
  mkdirSync(here);
  const cluster: Cluster = {
    dir: here,
    state,
    env,
    run: (program, ...args) => execute(program, args, env, here),
    async submit(options, body) {
      const file = join(here, 'job.sh');
      writeFileSync(file, `#!/bin/bash\n${options === '' ? '' : `#SBATCH ${options}\n`}${body}\n`);
      const { stdout, stderr } = await cluster.run('sbatch', '--parsable', '--output=job.out', file);
      if (stderr !== '') throw new Error(stderr);
      return stdout.trim();
    },
    async reach(id, ...states) {
      for (;;) {
        const { stdout } = await cluster.run(
          'squeue',
          '--noheader',
          '--states=all',
          `--jobs=${id}`,
          '--format=%T',
        );
        if (states.includes(stdout.trim())) return stdout.trim();
        await sleep(50);
      }
    },
    read: (file) => readFileSync(join(here, file), 'utf8'),
    write(file, text) {
      writeFileSync(join(here, file), text);
      if (text.startsWith('#!')) chmodSync(join(here, file), 0o755);
    },
    async await(file) {
      for (;;) {
        const text = readdirSync(here).includes(file) ? cluster.read(file) : '';
        if (text !== '') return text;
        await sleep(20);
      }
    },
    async close() {
      const running = async () =>
        (await cluster.run('squeue', '--format=%i')).stdout.split('\n').filter(Boolean);
      await cluster.run('scancel', '--signal=KILL', ...(await running()));
      while ((await running()).length > 0) await sleep(50);
      const left = marked(state);
      rmSync(dir, { recursive: true, force: true });
      if (left.length > 0) throw new Error(`left behind:\n${left.join('\n')}`);
    },
  };
  return cluster;
}

/** Command lines of all processes whose environment names the state folder, except this one's. */
export function marked(state: string): readonly string[] {
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid) && Number(pid) !== process.pid)
    .flatMap((pid) => {
      try {
        const environment = readFileSync(`/proc/${pid}/environ`, 'utf8');
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
        return environment.includes(`DYN_SLURM_STANDIN_DIR=${state}`) && command !== ''
          ? [`${pid} ${command}`]
          : [];
      } catch {
        return [];
      }
    });
}

/** Command lines that contain a text, wherever they came from. */
export function running(text: string): readonly string[] {
  return execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes(text) && !line.startsWith('ps '));
}

function execute(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  cwd: string,
): Promise<Result> {
  return new Promise((resolve) => {
    execFile(program, args, { env, cwd, encoding: 'utf8' }, (error, stdout, stderr) => {
      resolve({ stdout, stderr, exitCode: error ? Number(error.code ?? 1) : 0 });
    });
  });
}
