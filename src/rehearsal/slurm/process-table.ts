import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProcessId } from './job-record.ts';

/** Environment that every process of a job inherits, so that it is found whatever it did to its parents. */
export const JOB_MARK = 'DYN_SLURM_STANDIN_JOB';
/** `batch`, or the number of its step. */
export const STEP_MARK = 'DYN_SLURM_STANDIN_STEP';

interface Entry extends ProcessId {
  readonly parent: number;
  readonly session: number;
}

/** Undefined once the process has ended. */
export function identify(pid: number): ProcessId | undefined {
  const entry = readEntry(pid);
  return entry && { pid, start: entry.start };
}

export function isAlive({ pid, start }: ProcessId): boolean {
  return identify(pid)?.start === start;
}

/**
 * What runs of a job, or of one of its steps: the processes that carry its mark, and their children and sessions, for some
 * programs clear their environment.
 */
export function processesOf(mark: string, step?: string): readonly ProcessId[] {
  const table = readTable();
  const steps = new Map<number, string | undefined>();
  const stepOf = (pid: number): string | undefined => {
    const entry = table.get(pid);
    if (!entry || steps.has(pid)) return steps.get(pid);
    // Holds while its relatives are asked: /proc is no snapshot, so they might lead back here.
    steps.set(pid, undefined);
    steps.set(pid, readStep(pid, mark) ?? stepOf(entry.parent) ?? stepOf(entry.session));
    return steps.get(pid);
  };
  return [...table.values()].filter(({ pid }) => {
    const own = pid === process.pid ? undefined : stepOf(pid);
    return own !== undefined && (step === undefined || own === step);
  });
}

/** The step of a process that carries the job's mark. */
function readStep(pid: number, mark: string): string | undefined {
  const environment = `\0${readProc(pid, 'environ')}`;
  if (!environment.includes(`\0${JOB_MARK}=${mark}\0`)) return undefined;
  return new RegExp(`\\0${STEP_MARK}=([^\\0]*)`).exec(environment)?.[1];
}

/** Folders on the node's own disk that processes of a job were given. */
export function localFoldersOf(processes: readonly ProcessId[], job: number): readonly string[] {
  const folder = new RegExp(`(?<=\\0DYN_SLURM_LOCAL_DIR=)/[^\\0]*/dyn-slurm-${job}-[^/\\0]+(?=\\0)`);
  return processes.flatMap(({ pid }) => folder.exec(`\0${readProc(pid, 'environ')}`) ?? []);
}

/** All that came from a process, without itself. */
export function descendantsOf(pid: number): readonly ProcessId[] {
  const entries = [...readTable().values()];
  const below = (parent: number): readonly Entry[] =>
    entries.filter((entry) => entry.parent === parent).flatMap((child) => [child, ...below(child.pid)]);
  return below(pid);
}

export function sendSignal(processes: readonly ProcessId[], signal: NodeJS.Signals): void {
  for (const { pid } of processes) {
    try {
      process.kill(pid, signal);
    } catch {
      // It has ended meanwhile, or is another user's.
    }
  }
}

/**
 * Sends SIGCONT and SIGTERM once to each process that `find` gives, and waits for their end for at most `wait` ms. `isEnough`
 * is asked about a hundred times a second whether to stop waiting. As with proctrack/cgroup, the usual choice, `find` gives
 * what slurmd itself started, the tasks and the batch shell; SIGKILL reaches everything.
 */
export async function askToEnd(
  find: () => readonly ProcessId[],
  wait: number,
  isEnough: () => boolean = () => false,
): Promise<void> {
  const told = new Set<number>();
  const deadline = performance.now() + wait;
  for (let left = find().filter(isAlive); left.length > 0; left = find().filter(isAlive)) {
    const fresh = left.filter(({ pid }) => !told.has(pid));
    for (const { pid } of fresh) told.add(pid);
    sendSignal(fresh, 'SIGCONT');
    sendSignal(fresh, 'SIGTERM');
    if (isEnough() || performance.now() >= deadline) return;
    await sleep(10);
  }
}

/** Kills what `find` gives until nothing is left; gives up after 10 s on what the kernel does not let go. */
export async function killAll(find: () => readonly ProcessId[]): Promise<void> {
  const deadline = performance.now() + 10_000;
  for (let left = find(); left.length > 0 && performance.now() < deadline; left = find()) {
    sendSignal(left, 'SIGKILL');
    await sleep(10);
  }
}

function readTable(): ReadonlyMap<number, Entry> {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return new Map(pids.flatMap((pid) => readEntry(Number(pid)) ?? []).map((entry) => [entry.pid, entry]));
}

/** See proc_pid_stat(5); the name in brackets may hold anything. Undefined for what has ended, zombies too. */
function readEntry(pid: number): Entry | undefined {
  const text = readProc(pid, 'stat');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state = '', parent, , session] = fields;
  if (text === '' || state === 'Z' || state === 'X') return undefined;
  return { pid, parent: Number(parent), session: Number(session), start: fields[19] ?? '' };
}

function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}
