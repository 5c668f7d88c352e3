import type { Role } from '../config/schema/role.ts';
import type { BatchLine } from '../engines/dialect.ts';
import { DynSlurmError } from '../errors.ts';
import type { Host } from '../host/host.ts';
import { pause } from '../host/pause.ts';
import type { ObservedEvent } from '../run/events.ts';
import type { LogEvent } from '../run/log-event.ts';
import { readPlan } from '../run/plan-file.ts';
import { alongside } from './alongside.ts';
import { inGroups } from './in-groups.ts';
import { type LogFile, listLogs } from './log-file.ts';
import { ThroughputWindow } from './throughput.ts';
import { WorkerLog } from './worker-log.ts';

export interface LogWatch {
  readonly host: Host;
  readonly run: { readonly dir: string };
  /** Whose logs; the latest by default. A cached folder may hide the one that has just begun. */
  readonly attempt?: number | undefined;
  readonly now: () => Date;
  /** Milliseconds between looks at the logs; many logs are looked at less often. */
  readonly every?: number;
}

const EVERY = 1000;
/** The most bytes, at its end, that are read of a log that is longer when watching begins. */
const TAIL = 1024 * 1024;
/** Bytes of one log that are read in one look, so that every log has its turn. */
const MOST = 16 * 1024 * 1024;

/** A run's events, and between them what its logs tell, from its first step until its end. */
export function withLogs(
  events: AsyncIterable<ObservedEvent>,
  watch: LogWatch,
  signal: AbortSignal,
): AsyncGenerator<ObservedEvent> {
  return alongside(
    events,
    {
      tells: ({ steps, verdict }) => steps.size > 0 && !verdict,
      async *read(state, until) {
        for await (const event of watchLogs({ ...watch, attempt: state().started?.attempt }, until)) {
          const { ready, teardown } = state();
          // A worker that serves has started, whatever its log left out.
          if (ready && event.kind === 'stage' && event.state === 'stuck') continue;
          // Processes that are told to end complain of each other's absence. That is the cause of nothing.
          const ending = teardown?.outcome ?? 'failed';
          if (ending !== 'failed' && event.kind === 'signature') continue;
          yield event;
        }
      },
    },
    signal,
  );
}

/**
 * What the logs of an attempt tell, as they grow, until the abort: how far the workers have come in their
 * start, what they do, and known fatal lines.
 */
export async function* watchLogs(watch: LogWatch, signal: AbortSignal): AsyncGenerator<LogEvent> {
  const { host, run, attempt, now, every = EVERY } = watch;
  const outline = await readPlan(host, run);
  const steps = new Map((outline?.steps ?? []).map((step) => [step.name, step]));
  const logs = new Map<string, WorkerLog>();
  const rates = new Map<string, WorkerRates>();
  const workerOf = (step: string): WorkerRates => {
    const { role = null, dp } = steps.get(step) ?? {};
    const worker = rates.get(step) ?? new WorkerRates(role ?? undefined, dp);
    rates.set(step, worker);
    return worker;
  };
  let time = now();
  while (!signal.aborted) {
    time = now();
    const present = await unlessAway(listLogs(host, run, outline, attempt), []);
    await inGroups(present, async (log) => {
      if (log.node === '') return;
      let known = logs.get(log.path);
      if (known === undefined) {
        const worker = workerOf(log.step);
        const from = await unlessAway(tail(host, log), undefined);
        if (from === undefined) return;
        known = new WorkerLog(host, log, from, (line) => worker.hear(line, time.getTime()), outline?.stages);
        logs.set(log.path, known);
      }
      await unlessAway(known.read(time.getTime(), MOST), false);
    });
    for (const { path, step, node } of present) {
      const log = logs.get(path);
      if (log === undefined) continue;
      const role: Role | null = steps.get(step)?.role ?? null;
      const place = { time: time.toISOString(), step, ...(role !== null && { role }), node };
      for (const { signature, line, advice } of log.takeSignatures()) {
        const { name, title, link } = signature;
        yield { ...place, kind: 'signature', name, class: signature.class, title, line, advice, link };
      }
      const progress = log.stages.news(time.getTime());
      if (progress) yield { ...place, kind: 'stage', ...progress };
    }
    for (const [step, worker] of rates) {
      const event = worker.news(step, time);
      if (event) yield event;
    }
    await pause(every + 5 * present.length, signal);
  }
}

/** A host that cannot be reached for a while is looked at again, from where it was left off. */
async function unlessAway<T>(promise: Promise<T>, otherwise: T): Promise<T> {
  try {
    return await promise;
  } catch (error) {
    if (error instanceof DynSlurmError && error.code === 'connection') return otherwise;
    throw error;
  }
}

async function tail(host: Host, log: LogFile): Promise<number> {
  const size = (await host.read(log.path, 0, 0))?.size ?? 0;
  return size > TAIL ? size - TAIL : 0;
}

/** One worker's window, on the clock of its own lines: nodes' clocks and zones are not the observer's. */
class WorkerRates {
  readonly #window: ThroughputWindow;
  readonly #role: Role | undefined;
  #behind = Number.POSITIVE_INFINITY;
  #told = '';

  constructor(role: Role | undefined, dp: number | undefined) {
    this.#window = new ThroughputWindow(undefined, dp);
    this.#role = role;
  }

  /** `now`: milliseconds, when the line was read. */
  hear(line: BatchLine, now: number): void {
    this.#window.add(line, now);
    const { time = now, zoned } = line;
    this.#behind = Math.min(this.#behind, zoned ? 0 : Number.POSITIVE_INFINITY, now - time);
  }

  news(step: string, now: Date): LogEvent | undefined {
    if (this.#behind === Number.POSITIVE_INFINITY) return undefined;
    const rates = this.#window.at(now.getTime() - this.#behind);
    const told = JSON.stringify(rates);
    if (told === this.#told) return undefined;
    this.#told = told;
    const role = this.#role;
    return { time: now.toISOString(), kind: 'worker-rates', step, ...(role && { role }), ...rates };
  }
}
