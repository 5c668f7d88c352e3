import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { Stage } from './rehearsal.ts';

/** A run that was submitted to the stand-in. */
export interface Submitted {
  readonly run: string;
  readonly dir: string;
}

export type Event = Readonly<Record<string, unknown>> & { readonly kind: string };

/** Submits a config of test/fixtures/rehearsal. */
export function submit(stage: Stage, config: string): Promise<Submitted> {
  return submitFile(stage, join(import.meta.dirname, '../fixtures/rehearsal', `${config}.yaml`));
}

export async function submitFile(stage: Stage, file: string): Promise<Submitted> {
  const { code, stdout, stderr } = await stage.run('submit', file, '--cluster', 'local', '--json');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
}

export function eventsOf({ dir }: Submitted): readonly Event[] {
  // What comes after the last line break is still being written.
  const lines = read(join(dir, 'events.jsonl')).split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line));
}

/** The first event of a kind; waits for it, unless the run ends without one. */
export async function eventOf(run: Submitted, kind: string): Promise<Event> {
  for (;;) {
    const events = eventsOf(run);
    const found = events.find((event) => event.kind === kind);
    if (found) return found;
    const last = events.at(-1);
    if (last?.kind === 'verdict') throw new Error(`no ${kind}: ${JSON.stringify(last)}`);
    await sleep(50);
  }
}

/** Signals what a step runs on one of its nodes, and not its script. `program` is a word of its command. */
export function signalTask(
  { dir }: Submitted,
  task: { readonly step: string; readonly rank?: number; readonly program: string },
  signal: NodeJS.Signals,
): void {
  const marks = [`RUN_DIR=${dir}\0`, `SLURM_JOB_NAME=${task.step}\0`, `SLURM_NODEID=${task.rank ?? 0}\0`];
  const pids = readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    const [program = ''] = read(`/proc/${pid}/comm`).split('\n');
    const environment = read(`/proc/${pid}/environ`);
    return program.includes(task.program) && marks.every((mark) => environment.includes(mark));
  });
  expect(pids).not.toEqual([]);
  for (const pid of pids) process.kill(Number(pid), signal);
}

/** Signals the batch script, and none of its steps. */
export function signalBatch({ dir }: Submitted, signal: NodeJS.Signals): void {
  const pids = readdirSync('/proc').filter(
    (pid) =>
      /^\d+$/.test(pid) && read(`/proc/${pid}/cmdline`).endsWith('/slurm_script\0') && folderOf(pid) === dir,
  );
  expect(pids).toHaveLength(1);
  process.kill(Number(pids[0]), signal);
}

function folderOf(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return '';
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
