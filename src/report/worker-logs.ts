import type { EngineLine, StageLine } from '../engines/dialect.ts';
import { FileCursor } from '../host/cursor.ts';
import type { Host } from '../host/host.ts';
import { inGroups } from '../observe/in-groups.ts';
import { LogScanner } from '../observe/log-scanner.ts';
import { type Rates, ThroughputWindow } from '../observe/throughput.ts';
import type { StartStage } from '../start-stages.ts';

/** `time`: milliseconds, on the log's own clock; of a line without a stamp that of the one before. */
type TimedLine = EngineLine & { readonly time: number };

/** The lines that count in one log, in their order; only those of one chunk are in memory. */
class LogLines {
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

/** What the logs of one worker, of all its nodes, tell. */
export interface LoggedWorker {
  readonly step: string;
  readonly stages: readonly StageSpan[];
  /** At each of the times that were asked for; absent where no batch was logged. */
  readonly samples?: readonly Rates[];
}

/** The logs of one worker. */
export interface WorkerLogs {
  readonly step: string;
  readonly paths: readonly string[];
  readonly dp: number;
}

/** When a worker's logs begin and end, on their own clock, and how far that is behind UTC; milliseconds. */
export interface LogTimes {
  readonly first: number;
  readonly last: number;
  readonly behind: number;
}

export interface Sampling {
  /** Milliseconds since 1970, ascending. */
  readonly times: readonly number[];
  /** Milliseconds. */
  readonly window: number;
  /** No line after it counts; milliseconds since 1970. */
  readonly until?: number;
}

/** Bytes at a log's end that are searched for its last time. */
const TAIL = 256 * 1024;

/** `from` and `to`: between which the first line of a start must have been written; milliseconds since 1970. */
export async function logTimes(
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

/** Reads a worker's logs side by side, in the order of their lines' times, so that DP ranks on several nodes add up. */
export async function readWorker(
  host: Host,
  { step, paths, dp }: WorkerLogs,
  behind: number,
  { times, window, until = Number.POSITIVE_INFINITY }: Sampling,
): Promise<LoggedWorker> {
  const logs = paths.map((path) => new LogLines(host, path));
  const rates = new ThroughputWindow(window, dp);
  const spans = new StartSpans();
  const samples: Rates[] = [];
  let batches = false;
  const sampleTo = (time: number) => {
    for (let at = samples.length; at < times.length && (times[at] as number) < time; at++)
      samples.push(rates.at((times[at] as number) - behind));
  };
  for (;;) {
    let first: LogLines | undefined;
    for (const log of logs) {
      if (log.head === undefined && !log.over) await log.fill();
      if (log.head && (first?.head === undefined || log.head.time < first.head.time)) first = log;
    }
    const line = first?.head;
    if (first === undefined || line === undefined || line.time + behind > until) break;
    first.skip();
    if (line.kind === 'stage') spans.hear(line, line.time + behind);
    else {
      batches = true;
      spans.serves();
      sampleTo(line.time + behind);
      rates.add(line, line.time);
    }
  }
  sampleTo(Number.POSITIVE_INFINITY);
  return { step, stages: spans.all, ...(batches && { samples }) };
}

/** A stage of a worker's start, of all its ranks together. */
export interface StageSpan {
  readonly stage: StartStage;
  /** Milliseconds since 1970: its first line, and its last. */
  readonly start: number;
  readonly end: number;
  /** Shards, or batch sizes, that the last line tells. */
  readonly done?: number;
  readonly total?: number;
  /** Whether its end was told. */
  readonly ended: boolean;
}

/** The stages of one worker's start, and of each start after that, from the lines of its logs. */
class StartSpans {
  readonly #before: StageSpan[] = [];
  #spans = new Map<StartStage, StageSpan>();
  #serves = false;

  /** `time`: milliseconds. */
  hear({ stage, state, done, total }: StageLine, time: number): void {
    if (this.#serves && (stage === 'setup' || stage === 'weights') && state === 'going') {
      this.#before.push(...this.#spans.values());
      this.#spans = new Map();
      this.#serves = false;
    }
    // Kernels are compiled under load, too; the last word of a start comes after its first batches.
    if (this.#serves && stage !== 'warm-up') return;
    const known = this.#spans.get(stage);
    // What is told only when it is over has begun where the stage before it ended.
    const begun = state === 'done' ? Math.max(...[...this.#spans.values()].map(({ end }) => end)) : time;
    this.#spans.set(stage, {
      ...known,
      stage,
      start: known?.start ?? (Number.isFinite(begun) ? Math.min(begun, time) : time),
      end: Math.max(known?.end ?? time, time),
      ...(done !== undefined && { done }),
      ...(total !== undefined && { total }),
      ended: state === 'done' || known?.ended === true,
    });
  }

  serves(): void {
    this.#serves = true;
  }

  /** In the order of their beginnings. */
  get all(): readonly StageSpan[] {
    return [...this.#before, ...this.#spans.values()];
  }
}
