import { type ChildProcess, spawn } from 'node:child_process';
import type { Environment } from './call.ts';
import { findProgram } from './program-lookup.ts';
import type { TaskPlace } from './step-layout.ts';
import { type Sink, type TaskSinks, writeLine } from './step-output.ts';

export interface TaskStart {
  readonly place: TaskPlace;
  readonly host: string;
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env: Environment;
  readonly sinks: TaskSinks;
  /** `srun --pty` on a terminal: the task has it to itself. */
  readonly terminal: boolean;
  /** Whether it reads what srun reads. */
  readonly fed: boolean;
}

export interface TaskEnd {
  readonly code: number;
  readonly signal: NodeJS.Signals | undefined;
}

/** One process of a step, in a session of its own as under slurmstepd. */
export interface Task {
  readonly place: TaskPlace;
  readonly host: string;
  readonly sinks: TaskSinks;
  readonly pid: number | undefined;
  readonly input: NodeJS.WritableStream | undefined;
  /** Of the process itself. */
  readonly ended: Promise<TaskEnd>;
  /** Once nothing writes to its pipes any more. */
  readonly drained: Promise<void>;
}

export function startTask(start: TaskStart): Task {
  const { place, host, sinks, argv } = start;
  const [name = '', ...args] = argv;
  const found = findProgram(name, start.cwd, start.env.PATH);
  if (!('path' in found)) {
    writeLine(sinks.err, `slurmstepd-${host}: error: execve(): ${found.name}: ${found.text}`);
    const ended = Promise.resolve({ code: found.errno, signal: undefined });
    return { place, host, sinks, pid: undefined, input: undefined, ended, drained: Promise.resolve() };
  }
  const child = spawn(found.path, args, {
    argv0: name,
    cwd: start.cwd,
    detached: !start.terminal,
    env: { ...start.env },
    stdio: start.terminal ? 'inherit' : [start.fed ? 'pipe' : 'ignore', target(sinks.out), target(sinks.err)],
  });
  pass(child, 'stdout', sinks.out);
  pass(child, 'stderr', sinks.err);
  // A task need not read what it is given.
  child.stdin?.on('error', () => {});
  return {
    place,
    host,
    sinks,
    pid: child.pid,
    input: child.stdin ?? undefined,
    ended: new Promise((resolve) => {
      child.once('error', () => resolve({ code: 126, signal: undefined }));
      child.once('exit', (code, signal) => resolve({ code: code ?? 0, signal: signal ?? undefined }));
    }),
    drained: new Promise((resolve) => {
      child.once('error', () => resolve());
      child.once('close', () => resolve());
    }),
  };
}

function target(sink: Sink): 'pipe' | 'ignore' | number {
  if (sink.kind === 'file') return sink.fd;
  return sink.kind === 'lines' ? 'pipe' : 'ignore';
}

function pass(child: ChildProcess, name: 'stdout' | 'stderr', sink: Sink): void {
  const stream = child[name];
  if (!stream || sink.kind !== 'lines') return;
  stream.on('data', (chunk: Buffer) => sink.writer.push(chunk));
  stream.on('end', () => sink.writer.end());
}
