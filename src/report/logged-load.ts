import { join } from 'node:path/posix';
import type { Host } from '../host/host.ts';
import type { ObservedEvent } from '../run/events.ts';
import type { PlanFile } from '../run/plan-file.ts';
import { type LoadSeries, loggedSeries, type WorkerSeries, withLogs } from './load-series.ts';
import type { RunData } from './run-data.ts';
import { type LoggedWorker, type LogTimes, logTimes, readWorker, type WorkerLogs } from './worker-logs.ts';

/** What is known of a run before its workers' logs are read. */
interface BeforeLogs {
  readonly folder: { readonly folder: string; readonly names: readonly string[] };
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
  const { plan, load } = before;
  const attempt = before.events.slice(
    Math.max(
      0,
      before.events.findLastIndex(({ kind }) => kind === 'job-started'),
    ),
  );
  const timeOf = (event: ObservedEvent | undefined) => Date.parse(event?.time ?? '') || undefined;
  const ready = timeOf(attempt.find(({ kind }) => kind === 'ready'));
  const end = timeOf(attempt.at(-1));
  const workers = workersOf(before.folder, plan);
  const known: { readonly worker: WorkerLogs; readonly times: LogTimes }[] = [];
  for (const worker of workers) {
    const started = timeOf(
      attempt.find((event) => event.kind === 'step-started' && event.step === worker.step),
    );
    const from = started ?? timeOf(attempt[0]) ?? 0;
    const times = await logTimes(host, worker, from, ready ?? Math.max(end ?? from, from));
    if (times) known.push({ worker, times });
  }
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

/** The logs of a plan's workers; without a plan, of steps that are named like workers. */
function workersOf(
  { folder, names }: BeforeLogs['folder'],
  plan: PlanFile | undefined,
): readonly WorkerLogs[] {
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
