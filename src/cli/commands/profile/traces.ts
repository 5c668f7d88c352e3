import { join } from 'node:path/posix';
import type { Profiler } from '../../../engines/profilers.ts';
import type { Host } from '../../../host/host.ts';
import { pause } from '../../../host/pause.ts';
import type { Chosen, Tool } from './choice.ts';

/** A file that a profiler has written. */
export interface Trace {
  readonly file: string;
  readonly bytes: number;
}

/** Milliseconds. */
export interface TraceTimeouts {
  /** Between two looks. */
  readonly every: number;
  /** For the first file, or for one more than there are. */
  readonly more: number;
  /** Milliseconds without a change after which the expected number of files is complete. */
  readonly quiet: number;
}

/** An engine of many ranks writes for minutes, each rank a file of its own. */
export const TRACE_TIMEOUTS: TraceTimeouts = { every: 500, more: 60_000, quiet: 2000 };

/**
 * The files of a folder that `wanted` takes, once they grow no more; fewer than `expected`, or none, where no more came
 * for long. Those there are at the moment where it is interrupted.
 */
async function wholeTraces(
  host: Host,
  dir: string,
  expected: number,
  { every, more, quiet }: TraceTimeouts,
  signal: AbortSignal,
  wanted: (file: string) => boolean = () => true,
): Promise<readonly Trace[]> {
  let known = '';
  let traces: readonly Trace[] = [];
  let unchanged = 0;
  for (;;) {
    traces = await tracesIn(host, dir, wanted);
    const now = JSON.stringify(traces);
    unchanged = now === known ? unchanged + every : 0;
    known = now;
    const enough = traces.length >= expected && traces.every(({ bytes }) => bytes > 0);
    if (unchanged >= (enough ? quiet : more) || !(await pause(every, signal))) return traces;
  }
}

async function tracesIn(
  host: Host,
  dir: string,
  wanted: (file: string) => boolean,
): Promise<readonly Trace[]> {
  const files = (await host.list(dir)).filter(wanted);
  const sizes = await Promise.all(files.map(async (file) => (await host.read(join(dir, file), 0, 1))?.size));
  return files.flatMap((file, index) => {
    const bytes = sizes[index];
    return bytes === undefined ? [] : [{ file, bytes }];
  });
}

const REPORT = /\.nsys-rep$/;

/** Names of the reports that nsys has written so far. It writes to the attempt's logs, the one folder that is there from the start. */
export async function nsysReports(host: Host, attemptDir: string): Promise<ReadonlySet<string>> {
  const files = await host.list(join(attemptDir, 'logs'));
  return new Set(files.filter((file) => REPORT.test(file)));
}

/** Takes a worker's new reports, one a node, to the folder of the profile. */
async function collectReports(
  host: Host,
  attemptDir: string,
  folder: string,
  { step, hosts }: Pick<Chosen, 'step' | 'hosts'>,
  before: ReadonlySet<string>,
  timeouts: TraceTimeouts,
  signal: AbortSignal,
): Promise<readonly Trace[]> {
  const logs = join(attemptDir, 'logs');
  const isNew = (file: string) => file.startsWith(`${step}.`) && REPORT.test(file) && !before.has(file);
  const traces = await wholeTraces(host, logs, hosts.length, timeouts, signal, isNew);
  if (traces.length === 0 || signal.aborted) return traces;
  const to = join(folder, step);
  await host.writeFiles(to, new Map());
  const argv = ['mv', '-n', '--', ...traces.map(({ file }) => join(logs, file)), to];
  const { exitCode } = await host.exec(argv, { timeout: 60_000, signal });
  // They stay where nsys has put them.
  return exitCode === 0 ? traces : traces.map(({ file, bytes }) => ({ file: join(logs, file), bytes }));
}

type Launched = Chosen & { readonly profiler: Extract<Profiler, { kind: 'launched' }> };

/** What is in the folders that engines were told of when they started. */
export async function filesBefore(host: Host, workers: readonly Chosen[]): Promise<ReadonlySet<string>> {
  const dirs = new Set(
    workers.flatMap(({ profiler }) => (profiler.kind === 'launched' ? profiler.folder : [])),
  );
  const lists = await Promise.all(
    [...dirs].map(async (dir) => (await host.list(dir)).map((file) => join(dir, file))),
  );
  return new Set(lists.flat());
}

/** The new files in that of a worker, where they stay. Workers that share one share what is new in it. */
async function launchedTraces(
  host: Host,
  { gpus, profiler: { folder } }: Launched,
  before: ReadonlySet<string>,
  timeouts: TraceTimeouts,
  signal: AbortSignal,
): Promise<readonly Trace[]> {
  const isNew = (file: string) => !before.has(join(folder, file)) && /trace\.json/.test(file);
  const traces = await wholeTraces(host, folder, Math.max(1, gpus), timeouts, signal, isNew);
  return traces.map(({ file, bytes }) => ({ file: join(folder, file), bytes }));
}

/** What is wanted of a profile that is over. */
interface Wanted {
  readonly tool: Tool;
  readonly attemptDir: string;
  readonly folder: string;
  /** What was there before. */
  readonly before: ReadonlySet<string>;
  readonly timeouts: TraceTimeouts;
}

/** The traces of a worker, as soon as they are whole. */
export function tracesOf(
  host: Host,
  worker: Chosen,
  { tool, attemptDir, folder, before, timeouts }: Wanted,
  signal: AbortSignal,
): Promise<readonly Trace[]> {
  const { profiler, step, gpus } = worker;
  if (tool === 'nsys') return collectReports(host, attemptDir, folder, worker, before, timeouts, signal);
  if (profiler.kind === 'launched')
    return launchedTraces(host, { ...worker, profiler }, before, timeouts, signal);
  return wholeTraces(host, join(folder, step), Math.max(1, gpus), timeouts, signal);
}
