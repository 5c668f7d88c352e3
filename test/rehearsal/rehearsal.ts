import { execFile, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { expect, type TestContext } from 'vitest';
import { Terminal } from '../terminal.ts';

const ROOT = join(import.meta.dirname, '../..');

export interface Outcome {
  readonly code: number;
  readonly stderr: string;
  /** One for each line of standard output. */
  readonly events: readonly Record<string, unknown>[];
}

export interface Running {
  readonly ended: Promise<{ code: number; stdout: string }>;
  interrupt(): void;
  /** With SIGKILL. */
  kill(): void;
  /** Waits until what was printed so far fits. */
  line(pattern: RegExp): Promise<void>;
}

/** A folder for the runs of one test file; `dispose` removes it. */
export class Stage {
  readonly runs = mkdtempSync(join(tmpdir(), 'dyn-slurm-rehearsal-'));

  /** Writes a cluster profile, for all that this process runs from now on. */
  profile(name: string, text: string): void {
    const config = join(this.runs, 'config');
    const profiles = join(config, 'dyn-slurm/clusters');
    mkdirSync(profiles, { recursive: true });
    writeFileSync(join(profiles, `${name}.yaml`), text);
    process.env.XDG_CONFIG_HOME = config;
  }

  /** The built command line, with the machine's own environment. */
  run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
    const env = { ...process.env, DYN_SLURM_RUNS: this.runs, NO_COLOR: '1' };
    return new Promise((resolve) => {
      execFile(process.execPath, [join(ROOT, 'dist/main.js'), ...args], { env }, (error, stdout, stderr) => {
        resolve({ code: error ? Number(error.code ?? 1) : 0, stdout, stderr });
      });
    });
  }

  /** The command line left to run: what it prints can be waited for, and it can be interrupted. */
  start(...args: string[]): Running {
    const child = spawn(process.execPath, [join(ROOT, 'dist/main.js'), ...args], {
      env: { ...process.env, DYN_SLURM_RUNS: this.runs, NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let stdout = '';
    const seen = new EventEmitter();
    child.stdout.on('data', (text) => {
      stdout += text;
      seen.emit('text');
    });
    return {
      ended: once(child, 'close').then(([code]) => ({ code: Number(code), stdout })),
      interrupt: () => child.kill('SIGINT'),
      kill: () => child.kill('SIGKILL'),
      async line(pattern) {
        while (!pattern.test(stdout)) await once(seen, 'text');
      },
    };
  }

  /** The command line at a terminal. */
  terminal(...args: string[]): Terminal {
    const env = { ...process.env, DYN_SLURM_RUNS: this.runs, NO_COLOR: '1', TERM: 'xterm' };
    return new Terminal([process.execPath, join(ROOT, 'dist/main.js'), ...args], { env });
  }

  /** Rehearses a config of test/fixtures/rehearsal. */
  async rehearse(config: string, ...args: string[]): Promise<Outcome> {
    const file = join(ROOT, 'test/fixtures/rehearsal', `${config}.yaml`);
    const { code, stdout, stderr } = await this.run('rehearse', file, '--json', ...args);
    const events = stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    return { code, stderr, events };
  }

  /** After a test: waits until nothing runs that it started. What one that failed has left is killed. */
  async settle({ task }: TestContext): Promise<void> {
    if (task.result?.state === 'fail') {
      for (const line of processesOf(this.runs)) sendSignal(Number.parseInt(line, 10), 'SIGKILL');
    }
    await expect.poll(() => processesOf(this.runs)).toEqual([]);
  }

  dispose(): void {
    rmSync(this.runs, { recursive: true });
  }
}

/** Processes that know of a run folder in their environment or command. */
export function processesOf(folder: string): readonly string[] {
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid) && Number(pid) !== process.pid)
    .filter((pid) => ['environ', 'cmdline'].some((file) => readProc(pid, file).includes(folder)))
    .map((pid) => `${pid} ${readProc(pid, 'cmdline').replaceAll('\u0000', ' ')}`);
}

/** The process may have ended meanwhile. */
function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {}
}

function readProc(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch {
    return '';
  }
}

/**
 * Of lines of `processesOf`, those whose parent is none of them: a shell's subshells come and go, and have its command line.
 */
export function outermost(lines: readonly string[]): readonly string[] {
  const pids = lines.map((line) => Number.parseInt(line, 10));
  return lines.filter((line) => !pids.includes(parentOf(Number.parseInt(line, 10))));
}

/** 0 for a process that has ended. */
function parentOf(pid: number): number {
  try {
    return Number(/.*\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'latin1'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}
