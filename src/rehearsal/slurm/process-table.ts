import { readdirSync, readFileSync } from 'node:fs';
import type { ProcessId } from './job-record.ts';

/** Environment that every process of a job inherits, so that it is found whatever it did to its parents. */
export const JOB_MARK = 'DYN_SLURM_STANDIN_JOB';
/** `batch`, or the number of its step. */
export const STEP_MARK = 'DYN_SLURM_STANDIN_STEP';

interface Entry {
  readonly pid: number;
  readonly parent: number;
  readonly session: number;
  readonly start: string;
  readonly zombie: boolean;
}

/** Undefined once the process has ended. */
export function identify(pid: number): ProcessId | undefined {
  const entry = readEntry(pid);
  return entry && !entry.zombie ? { pid, start: entry.start } : undefined;
}

export function isAlive(id: ProcessId | undefined): boolean {
  return id !== undefined && identify(id.pid)?.start === id.start;
}

/** What is left of a job: all of it, or one step, or its batch script with what that started itself. */
export function processesOf(job: string, step?: string): readonly ProcessId[] {
  return membersOf(job)
    .filter((member) => step === undefined || member.step === step)
    .map(({ pid, start }) => ({ pid, start }));
}

/** Those that have cleared their environment: once their parents and session leaders have ended, nothing tells them. */
export function unmarkedProcessesOf(job: string): readonly ProcessId[] {
  return membersOf(job)
    .filter(({ marked }) => !marked)
    .map(({ pid, start }) => ({ pid, start }));
}

/** Folders on the node's own disk that a job's processes were given; a step that is killed outright leaves them. */
export function localFoldersOf(job: string, id: number): ReadonlySet<string> {
  const own = new RegExp(`^DYN_SLURM_LOCAL_DIR=(/.*/dyn-slurm-${id}-[^/]+)$`);
  const variables = processesOf(job).flatMap(
    ({ pid }) => readProc(pid, 'environ')?.toString().split('\0') ?? [],
  );
  return new Set(variables.flatMap((variable) => own.exec(variable)?.[1] ?? []));
}

interface Member extends ProcessId {
  readonly step: string;
  readonly marked: boolean;
}

function membersOf(job: string): readonly Member[] {
  const entries = readTable();
  const marks = new Map([...entries.values()].map(({ pid }) => [pid, readMark(pid, job)]));
  const steps = new Map<number, string | undefined>();
  const stepOf = (entry: Entry): string | undefined => {
    if (!steps.has(entry.pid)) {
      // Holds while its relatives are asked: /proc is no snapshot, so they might lead back here.
      steps.set(entry.pid, undefined);
      const relatives = [entry.parent, entry.session].flatMap((pid) => entries.get(pid) ?? []);
      const inherited = relatives.map(stepOf).find((step) => step !== undefined);
      steps.set(entry.pid, marks.get(entry.pid) ?? inherited);
    }
    return steps.get(entry.pid);
  };
  return [...entries.values()]
    .filter((entry) => !entry.zombie && entry.pid !== process.pid)
    .flatMap((entry) => {
      const step = stepOf(entry);
      const marked = marks.get(entry.pid) !== undefined;
      return step === undefined ? [] : [{ pid: entry.pid, start: entry.start, step, marked }];
    });
}

/** All that came from a process, without itself. */
export function descendantsOf(pid: number): readonly ProcessId[] {
  const entries = [...readTable().values()];
  const found: Entry[] = [];
  for (let parents = [pid]; parents.length > 0; ) {
    const children = entries.filter((entry) => parents.includes(entry.parent) && !entry.zombie);
    found.push(...children);
    parents = children.map((child) => child.pid);
  }
  return found.map((entry) => ({ pid: entry.pid, start: entry.start }));
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

function readTable(): ReadonlyMap<number, Entry> {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return new Map(
    pids.flatMap((pid) => {
      const entry = readEntry(Number(pid));
      return entry ? [[entry.pid, entry] as const] : [];
    }),
  );
}

/** See proc_pid_stat(5); the name in brackets may hold anything. */
function readEntry(pid: number): Entry | undefined {
  const text = readProc(pid, 'stat')?.toString();
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
  if (!fields) return undefined;
  const [state = '', parent, , session] = fields;
  return {
    pid,
    parent: Number(parent),
    session: Number(session),
    start: fields[19] ?? '',
    zombie: state === 'Z' || state === 'X',
  };
}

/** The step of a process that carries the job's mark. */
function readMark(pid: number, job: string): string | undefined {
  const environment = readProc(pid, 'environ');
  if (!environment?.includes(`${JOB_MARK}=${job}\0`)) return undefined;
  const variables = environment.toString('latin1').split('\0');
  return (
    variables.find((variable) => variable.startsWith(`${STEP_MARK}=`))?.slice(STEP_MARK.length + 1) ?? 'batch'
  );
}

function readProc(pid: number, file: string): Buffer | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`);
  } catch {
    return undefined;
  }
}
