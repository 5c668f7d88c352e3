import type { Host } from '../host/host.ts';
import { type LogFolder, timedLogs } from '../observe/worker-log-lines.ts';
import type { ObservedEvent } from '../run/events.ts';
import type { PlanFile } from '../run/plan-file.ts';
import { type LoadSeries, loggedSeries, type WorkerSeries, withLogs } from './load-series.ts';
import type { RunData } from './run-data.ts';
import { type LoggedWorker, readWorker } from './worker-logs.ts';

/** What is known of a run before its workers' logs are read. */
interface BeforeLogs {
  readonly folder: LogFolder;
  readonly plan: PlanFile | undefined;
  readonly events: readonly ObservedEvent[];
  readonly load: LoadSeries | undefined;
}

/** Milliseconds. */
const WINDOW = 10_000;
const STEP = 5000;
const MOST = 1500;

/**
 * How the workers started, and what they did where their metrics do not tell: an engine without `--enable-metrics` tells
 * only its log. Reads each log in pieces, one worker after the other.
 */
export async function addLogs(
  host: Host,
  before: BeforeLogs,
): Promise<Required<Pick<RunData, 'starts'>> & Pick<RunData, 'load'>> {
  const { folder, plan, events, load } = before;
  const { ready, known } = await timedLogs(host, folder, plan, events);
  const last = Math.max(...known.map(({ times }) => times.last + times.behind));
  const first = ready ?? Math.min(...known.map(({ times }) => times.first + times.behind));
  const at = load ? load.total.times.map((time) => time * 1000) : grid(first, last);
  const apart = at.length < 2 ? 0 : ((at.at(-1) as number) - (at[0] as number)) / (at.length - 1);
  const logged: LoggedWorker[] = [];
  for (const { worker, times } of known) {
    const whole = load?.workers.find(({ step }) => step === worker.step);
    const until = whole !== undefined && toldInMetrics(whole) ? ready : undefined;
    logged.push(
      await readWorker(host, worker, times.behind, {
        times: at,
        window: Math.max(WINDOW, apart),
        ...(until !== undefined && { until }),
      }),
    );
  }
  const rates = logged.flatMap(({ step, samples }) => (samples ? [{ step, samples }] : []));
  const merged = load
    ? withLogs(load, rates)
    : rates.length > 0 && at.length > 0
      ? loggedSeries(seconds(at), rates)
      : undefined;
  return { starts: logged.filter(({ stages }) => stages.length > 0), ...(merged && { load: merged }) };
}

const seconds = (times: readonly number[]): readonly number[] => times.map((time) => time / 1000);

/** Moments from the first to the last, milliseconds; none where there is no time between them. */
function grid(first: number, last: number): readonly number[] {
  if (!(last > first)) return [];
  const step = Math.max(STEP, Math.ceil((last - first) / MOST / 1000) * 1000);
  return Array.from({ length: Math.ceil((last - first) / step) }, (_, index) => first + (index + 1) * step);
}

/** Whether there is nothing that a log could add. */
function toldInMetrics(worker: WorkerSeries): boolean {
  return (['input', 'output', 'running', 'queued', 'kvUsage'] as const).every((name) =>
    worker[name].some((value) => value !== null),
  );
}
