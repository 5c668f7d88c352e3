import { join } from 'node:path/posix';
import type { EngineLine } from '../engines/dialect.ts';
import { FileCursor } from '../host/cursor.ts';
import type { Host } from '../host/host.ts';
import type { ObservedEvent } from '../run/events.ts';
import type { PlanFile } from '../run/plan-file.ts';
import { inGroups } from './in-groups.ts';
import { LogScanner } from './log-scanner.ts';

/** `time`: milliseconds, on the log's own clock; of a line without a stamp that of the one before. */
type TimedLine = EngineLine & { readonly time: number };

/** The lines that count in one log, in their order; only those of one chunk are in memory. */
export class LogLines {
  readonly #cursor: FileCursor;
  readonly #scanner: LogScanner;
  #lines: TimedLine[] = [];
  #at = 0;
  #time: number | undefined;
  #over = false;

  /** `offset`: bytes. */
  constructor(host: Host, path: string, offset = 0) {
    this.#cursor = new FileCursor(host.read, path, offset);
    this.#scanner = new LogScanner({ engine: (line) => this.#take(line), signature: () => {} });
  }

  /** The line that is next, of those that were read. */
  get head(): TimedLine | undefined {
    return this.#lines[this.#at];
  }

  /** Whether there is nothing more to read. */
  get over(): boolean {
    return this.#over;
  }

  skip(): void {
    this.#at++;
  }

  /** Reads on until there is a head, or the log is over. */
  async fill(): Promise<void> {
    if (this.head) return;
    this.#lines = [];
    this.#at = 0;
    while (this.#lines.length === 0 && !this.#over) {
      const growth = await this.#cursor.next();
      if (growth === undefined || growth.restarted) this.#scanner.end();
      if (growth === undefined) this.#over = true;
      else this.#scanner.push(growth.bytes);
    }
  }

  #take(line: EngineLine): void {
    this.#time = line.time ?? this.#time;
    if (this.#time !== undefined) this.#lines.push({ ...line, time: this.#time });
  }
}

/** The logs of one worker. */
export interface WorkerLogs {
  readonly step: string;
  readonly paths: readonly string[];
  readonly dp: number;
}

/** When a worker's logs begin and end, on their own clock, and how far that is behind UTC; milliseconds. */
interface LogTimes {
  readonly first: number;
  readonly last: number;
  readonly behind: number;
}

/** A folder of logs, and the names there. */
export interface LogFolder {
  readonly folder: string;
  readonly names: readonly string[];
}

/** Bytes at a log's end that are searched for its last time. */
const TAIL = 256 * 1024;

/** `from` and `to`: between which the first line of a start must have been written; milliseconds since 1970. */
async function logTimes(
  host: Host,
  { paths }: WorkerLogs,
  from: number,
  to: number,
): Promise<LogTimes | undefined> {
  const found = await inGroups(paths, async (path) => {
    const head = new LogLines(host, path);
    await head.fill();
    if (head.head === undefined) return [];
    const size = (await host.read(path, 0, 0))?.size ?? 0;
    const tail = new LogLines(host, path, Math.max(0, size - TAIL));
    let last = head.head.time;
    for (await tail.fill(); tail.head; await tail.fill()) {
      last = Math.max(last, tail.head.time);
      tail.skip();
    }
    return [{ first: head.head.time, last }];
  });
  const times = found.flat();
  if (times.length === 0) return undefined;
  const first = Math.min(...times.map((time) => time.first));
  return { first, last: Math.max(...times.map(({ last }) => last)), behind: behindUtc(first, from, to) };
}

const MINUTE = 60_000;
const QUARTER = 15 * MINUTE;

/**
 * Engines' stamps name no zone: the nearest one to UTC in which the line can have been written;
 * whole hours before halves, and those before quarters. 0 where there is none. Clocks may differ by a minute.
 */
export function behindUtc(first: number, from: number, to: number): number {
  const fits = Array.from({ length: 14 * 8 + 1 }, (_, index) => (index - 56) * QUARTER).filter(
    (each) => first + each >= from - MINUTE && first + each <= to + MINUTE,
  );
  const oddity = (each: number) => [4, 2, 1].findIndex((quarters) => each % (quarters * QUARTER) === 0);
  return (
    fits.toSorted((one, other) => oddity(one) - oddity(other) || Math.abs(one) - Math.abs(other))[0] ?? 0
  );
}

/** The logs of a plan's workers; without a plan, of steps that are named like workers. */
function workersOf({ folder, names }: LogFolder, plan: PlanFile | undefined): readonly WorkerLogs[] {
  const found = new Map<string, string[]>();
  for (const name of names) {
    const step = /^([^.]+)\..+\.log$/.exec(name)?.[1];
    if (step !== undefined) found.set(step, [...(found.get(step) ?? []), join(folder, name)]);
  }
  const steps = plan?.workers.length
    ? plan.workers
    : [...found.keys()].filter(isWorker).map((name) => ({ name, dp: 1 }));
  return steps.flatMap(({ name, dp }) => {
    const paths = found.get(name);
    return paths === undefined ? [] : [{ step: name, paths, dp }];
  });
}

const isWorker = (step: string): boolean => /^(prefill|decode|aggregated)-\d+$/.test(step);

/** A worker's logs, and their times. */
export interface TimedLogs {
  readonly worker: WorkerLogs;
  readonly times: LogTimes;
}

/** The workers' logs of the last attempt that tell anything, and when its service was ready; milliseconds since 1970. */
export async function timedLogs(
  host: Host,
  folder: LogFolder,
  plan: PlanFile | undefined,
  events: readonly ObservedEvent[],
): Promise<{ readonly ready: number | undefined; readonly known: readonly TimedLogs[] }> {
  const attempt = events.slice(
    Math.max(
      0,
      events.findLastIndex(({ kind }) => kind === 'job-started'),
    ),
  );
  const timeOf = (event: ObservedEvent | undefined) => Date.parse(event?.time ?? '') || undefined;
  const ready = timeOf(attempt.find(({ kind }) => kind === 'ready'));
  const end = timeOf(attempt.at(-1));
  const known: TimedLogs[] = [];
  for (const worker of workersOf(folder, plan)) {
    const started = timeOf(
      attempt.find((event) => event.kind === 'step-started' && event.step === worker.step),
    );
    const from = started ?? timeOf(attempt[0]) ?? 0;
    const times = await logTimes(host, worker, from, ready ?? Math.max(end ?? from, from));
    if (times) known.push({ worker, times });
  }
  return { ready, known };
}
