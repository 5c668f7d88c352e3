import { join } from 'node:path/posix';
import type { Host } from '../../../host/host.ts';
import { pause } from '../../../host/pause.ts';

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
  /** That nothing may change where there are as many files as expected. */
  readonly quiet: number;
}

/** An engine of many ranks writes for minutes, each rank a file of its own. */
export const TRACE_TIMEOUTS: TraceTimeouts = { every: 500, more: 60_000, quiet: 2000 };

/**
 * The files of a folder that `wanted` takes, once they grow no more; fewer than `expected`, or none, where no more came
 * for long. Those there are at the moment where it is interrupted.
 */
export async function wholeTraces(
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
