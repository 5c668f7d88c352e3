import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import type { Environment } from './call.ts';
import type { ProcessId } from './job-record.ts';
import type { Pipe, Pipes } from './pipes.ts';
import { identify } from './process-table.ts';
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
  /** For what it is fed, and for sinks that srun writes to. */
  readonly pipes: Pipes;
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
  /** Absent where it could not be started. */
  readonly process: ProcessId | undefined;
  readonly input: NodeJS.WritableStream | undefined;
  /** Of the process itself. */
  readonly ended: Promise<TaskEnd>;
  /** Once nothing writes to its pipes any more. */
  readonly drained: Promise<unknown>;
}

export function startTask(start: TaskStart): Task {
  const { place, host, sinks, argv, pipes } = start;
  const [name = '', ...args] = argv;
  const found = findProgram(name, start.cwd, start.env.PATH);
  const drained = Promise.all([pass(pipes.out, sinks.out), pass(pipes.err, sinks.err)]);
  let child: ChildProcess | undefined;
  if ('path' in found) {
    child = spawn(found.path, args, {
      argv0: name,
      cwd: start.cwd,
      detached: !start.terminal,
      env: { ...start.env },
      stdio: start.terminal
        ? 'inherit'
        : [pipes.in?.fd ?? 'ignore', target(sinks.out, pipes.out), target(sinks.err, pipes.err)],
    });
  } else {
    writeLine(sinks.err, `slurmstepd-${host}: error: execve(): ${found.name}: ${found.text}`);
  }
  for (const pipe of [pipes.in, pipes.out, pipes.err]) if (pipe) closeSync(pipe.fd);
  // A task need not read what it is given.
  pipes.in?.stream.on('error', () => {});
  const failed = { code: 'errno' in found ? found.errno : 126, signal: undefined };
  return {
    place,
    host,
    sinks,
    process: child?.pid === undefined ? undefined : identify(child.pid),
    input: pipes.in?.stream,
    drained,
    ended: child ? endOf(child, failed) : Promise.resolve(failed),
  };
}

function endOf(child: ChildProcess, failed: TaskEnd): Promise<TaskEnd> {
  return new Promise((resolve) => {
    child.once('error', () => resolve(failed));
    child.once('exit', (code, signal) => resolve({ code: code ?? 0, signal: signal ?? undefined }));
  });
}

function target(sink: Sink, pipe: Pipe | undefined): 'ignore' | number {
  return sink.kind === 'file' ? sink.fd : (pipe?.fd ?? 'ignore');
}

function pass(pipe: Pipe | undefined, sink: Sink): Promise<void> {
  if (!pipe || sink.kind !== 'lines') return Promise.resolve();
  pipe.stream.on('data', (chunk: Buffer) => sink.writer.push(chunk));
  return new Promise((resolve) => {
    pipe.stream.once('close', () => {
      sink.writer.end();
      resolve();
    });
  });
}
