import type { KernelState, StageLine } from '../engines/dialect.ts';
import type { Host } from '../host/host.ts';
import { type Rates, ThroughputWindow } from '../observe/throughput.ts';
import { LogLines, type WorkerLogs } from '../observe/worker-log-lines.ts';
import { compiles, type StartStage } from '../start-stages.ts';

/** What the logs of one worker, of all its nodes, tell. */
export interface LoggedWorker {
  readonly step: string;
  readonly stages: readonly StageSpan[];
  /** At each of the times that were asked for; absent where no batch was logged. */
  readonly samples?: readonly Rates[];
}

export interface Sampling {
  /** Milliseconds since 1970, ascending. */
  readonly times: readonly number[];
  /** Milliseconds. */
  readonly window: number;
  /** No line after it counts; milliseconds since 1970. */
  readonly until?: number;
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
    if (line.kind === 'kernels') spans.find(line.kernels);
    else if (line.kind === 'stage') spans.hear(line, line.time + behind);
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
  /** Of a stage that compiles kernels: whether an earlier start has left some. */
  readonly kernels?: KernelState;
  /** Whether its end was told. */
  readonly ended: boolean;
}

/** The stages of one worker's start, and of each start after that, from the lines of its logs. */
class StartSpans {
  readonly #before: StageSpan[] = [];
  #spans = new Map<StartStage, StageSpan>();
  #serves = false;
  #kernels: KernelState | undefined;

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
      ...(compiles(stage) && this.#kernels && { kernels: this.#kernels }),
      ended: state === 'done' || known?.ended === true,
    });
  }

  /** What an earlier start has left. */
  find(kernels: KernelState): void {
    this.#kernels = kernels;
  }

  serves(): void {
    this.#serves = true;
  }

  /** In the order of their beginnings. */
  get all(): readonly StageSpan[] {
    return [...this.#before, ...this.#spans.values()];
  }
}
