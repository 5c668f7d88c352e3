import { loadBetween, type Scrape } from '../observe/service/load.ts';
import type { Rates } from '../observe/throughput.ts';
import type { Load } from '../run/service-event.ts';
import { type Column, type Columns, hasValues, thin, toThousandths } from './thin.ts';

/** What a run's frontends and workers did over time. */
export interface LoadSeries {
  /** Samples of metrics that there are; 0 where all figures come from the workers' logs. */
  readonly looks: number;
  /** A column for each of TOTAL_FIGURES. */
  readonly total: Columns;
  /** Over the same times as `total`. */
  readonly workers: readonly WorkerSeries[];
}

/** `kvUsage`: 0 to 1. */
export interface WorkerSeries extends Readonly<Record<WorkerColumn, Column>> {
  readonly step: string;
  /** Which of the columns come from the worker's log, for its metrics do not tell them. */
  readonly logged?: readonly WorkerColumn[];
}

export type WorkerColumn = (typeof WORKER_FIGURES)[number][0];

const MOST = 1500;
/** A worker's columns, and the figure in its metrics that each is. */
export const WORKER_FIGURES = [
  ['input', 'inputTokensPerSecond'],
  ['output', 'outputTokensPerSecond'],
  ['requests', 'requestsPerSecond'],
  ['running', 'running'],
  ['queued', 'queued'],
  ['kvUsage', 'kvUsage'],
] as const;

type WorkerFigure = (typeof WORKER_FIGURES)[number][1];

/** The service's columns: what an export calls each, and the figure of a load that it is. */
export const TOTAL_FIGURES: readonly (readonly [string, (load: Load) => number | undefined])[] = [
  ['inputTokensPerSecond', ({ inputTokensPerSecond }) => inputTokensPerSecond],
  ['outputTokensPerSecond', ({ outputTokensPerSecond }) => outputTokensPerSecond],
  ['running', ({ running }) => running],
  ['queued', ({ queued }) => queued],
  ['ttft_p50_ms', ({ ttft }) => ttft?.p50],
  ['ttft_p99_ms', ({ ttft }) => ttft?.p99],
  ['itl_p50_ms', ({ itl }) => itl?.p50],
  ['itl_p99_ms', ({ itl }) => itl?.p99],
];

function workerColumns(
  of: (name: WorkerColumn, figure: WorkerFigure, index: number) => Column,
): Readonly<Record<WorkerColumn, Column>> {
  const columns = WORKER_FIGURES.map(([name, figure], index) => [name, of(name, figure, index)]);
  return Object.fromEntries(columns) as Record<WorkerColumn, Column>;
}

/** Takes the scrapes of a run one by one, so that hours of them are never in memory at once. */
export class LoadRecorder {
  #last: Scrape | undefined;
  readonly #loads: Load[] = [];

  add(scrape: Scrape): void {
    if (this.#last) this.#loads.push(loadBetween(this.#last, scrape));
    this.#last = scrape;
  }

  /** Undefined where there were not two scrapes. */
  series(): LoadSeries | undefined {
    const loads = this.#loads;
    if (loads.length === 0) return undefined;
    const times = loads.map(({ time }) => time / 1000);
    const column = (of: (load: Load) => number | undefined): Column => loads.map((load) => of(load) ?? null);
    const thinned = (columns: readonly Column[]) => thin(times, columns, MOST);
    const steps = [...new Set(loads.flatMap(({ workers }) => [...workers.keys()]))];
    return {
      looks: loads.length + 1,
      total: thinned(TOTAL_FIGURES.map(([, of]) => column(of))),
      workers: steps.map((step) => {
        const own = WORKER_FIGURES.map(([, figure]) => column(({ workers }) => workers.get(step)?.[figure]));
        const { columns } = thinned(own);
        return { step, ...workerColumns((_, __, index) => columns[index] ?? []) };
      }),
    };
  }
}

/** A worker's log at each of the times of a series; `samples` has one for each. */
export interface LoggedRates {
  readonly step: string;
  readonly samples: readonly Rates[];
}

/** Adds what the workers' logs tell and their metrics do not; no log tells of requests. */
export function withLogs(series: LoadSeries, logs: readonly LoggedRates[]): LoadSeries {
  const known = series.workers.filter(({ step }) => !logs.some((log) => log.step === step));
  const merged = logs.map(({ step, samples }): WorkerSeries => {
    const sampled = series.workers.find((worker) => worker.step === step);
    const logged: WorkerColumn[] = [];
    const columns = workerColumns((name, figure) => {
      const told = sampled?.[name];
      if (told && hasValues(told)) return told;
      const column = samples.map((rates) => {
        const value = figure === 'requestsPerSecond' ? undefined : rates[figure];
        return value === undefined ? null : toThousandths(value);
      });
      if (hasValues(column)) logged.push(name);
      return column;
    });
    return { step, ...columns, ...(logged.length > 0 && { logged }) };
  });
  return { ...series, workers: [...known, ...merged] };
}

/** A series of logs alone, at these times, seconds since 1970: the service is the sum of its workers. */
export function loggedSeries(times: readonly number[], logs: readonly LoggedRates[]): LoadSeries {
  const sums = (['inputTokensPerSecond', 'outputTokensPerSecond', 'running', 'queued'] as const).map(
    (field) =>
      times.map((_, row) =>
        toThousandths(logs.reduce((sum, { samples }) => sum + (samples[row]?.[field] ?? 0), 0)),
      ),
  );
  const unknown = times.map(() => null);
  const columns = [...sums, unknown, unknown, unknown, unknown];
  return withLogs({ looks: 0, total: { times, columns, samples: 1 }, workers: [] }, logs);
}
