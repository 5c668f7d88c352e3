import { openSync, writeSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Call, Refusal } from './call.ts';
import { type FilenameFields, fillFilename, isPerTask } from './filename.ts';
import type { Options } from './job-request.ts';
import { type LineWriter, lineWriter } from './line-writer.ts';

/** Where one stream of a task goes: a file that the task writes itself, lines that srun passes on, or nowhere. */
export type Sink =
  | { readonly kind: 'file'; readonly fd: number }
  | { readonly kind: 'lines'; readonly writer: LineWriter }
  | { readonly kind: 'none' };

export interface TaskSinks {
  readonly out: Sink;
  readonly err: Sink;
}

export class TaskFileError extends Error {}

/**
 * Opens a step's output. The function gives a task's sinks, and throws TaskFileError where its own file cannot be
 * opened. Throws Refusal where srun itself has nowhere to write.
 */
export function openStepOutput(
  call: Call,
  options: Options,
  tasks: number,
  fieldsOf: (task: number) => FilenameFields,
): (task: number) => TaskSinks {
  const flags = options.get('open-mode') === 'append' ? 'a' : 'w';
  const shared = new Map<string, number>();
  const output = options.get('output');
  // With --output alone, both streams go there.
  const error = options.get('error') ?? output;
  const errors = output === undefined || options.has('error') ? call.err : call.out;
  const width = String(tasks - 1).length;

  const lines = (task: number, write: (text: Buffer) => void): Sink => {
    const label = options.has('label') ? `${String(task).padStart(width)}: ` : '';
    return { kind: 'lines', writer: lineWriter(write, { label, unbuffered: options.has('unbuffered') }) };
  };
  const open = (path: string): number => {
    const fd = shared.get(path) ?? openSync(path, flags);
    shared.set(path, fd);
    return fd;
  };
  const sink = (task: number, pattern: string | undefined, own: NodeJS.WritableStream): Sink => {
    if (pattern === undefined || pattern === 'all') return lines(task, (text) => own.write(text));
    if (pattern === 'none') return { kind: 'none' };
    if (/^\d+$/.test(pattern)) {
      return Number(pattern) === task ? lines(task, (text) => own.write(text)) : { kind: 'none' };
    }
    const path = resolve(call.cwd, fillFilename(pattern, fieldsOf(task)));
    const fd = open(path);
    if (isPerTask(pattern) && !options.has('label')) return { kind: 'file', fd };
    return lines(task, (text) => writeSync(fd, text));
  };

  for (const [pattern, name] of [
    [output, 'stdout'],
    [error, 'stderr'],
  ] as const) {
    if (pattern === undefined || !isFile(pattern) || isPerTask(pattern)) continue;
    orElse(
      () => open(resolve(call.cwd, fillFilename(pattern, fieldsOf(0)))),
      (reason) => new Refusal(`srun: error: Could not open ${name} file: ${reason}`),
    );
  }
  return (task) =>
    orElse(
      () => ({ out: sink(task, output, call.out), err: sink(task, error, errors) }),
      (reason) => new TaskFileError(reason),
    );
}

/** A line of slurmstepd's among what the task prints. */
export function writeLine(sink: Sink, line: string): void {
  if (sink.kind === 'file') writeSync(sink.fd, `${line}\n`);
  if (sink.kind === 'lines') sink.writer.push(Buffer.from(`${line}\n`));
}

function isFile(pattern: string): boolean {
  return pattern !== 'all' && pattern !== 'none' && !/^\d+$/.test(pattern);
}

function orElse<Value>(open: () => Value, failure: (reason: string) => Error): Value {
  try {
    return open();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    throw failure(code === 'ENOENT' ? 'No such file or directory' : String(code));
  }
}
