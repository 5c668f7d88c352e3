import { loadBetween, type Scrape } from '../observe/service/load.ts';
import type { Rates } from '../observe/throughput.ts';
import type { Load } from '../run/service-event.ts';
import { type Column, type Columns, thin } from './thin.ts';

/** What a run's frontends and workers did over time. */
export interface LoadSeries {
  /** Samples of metrics that there are; 0 where all figures come from the workers' logs. */
  readonly looks: number;
  /** Tokens a second in and out, requests running and queued, p50 and p99 of TTFT and of ITL, ms. */
  readonly total: Columns;
  /** Over the same times as `total`. */
  readonly workers: readonly WorkerSeries[];
}

export interface WorkerSeries {
  readonly step: string;
  readonly input: Column;
  readonly output: Column;
  readonly requests: Column;
  readonly running: Column;
  readonly queued: Column;
  /** 0 to 1. */
  readonly kvUsage: Column;
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
    const steps = [...new Set(loads.flatMap(({ workers }) => [...workers.keys()]))];
    const ms = (value: number | undefined) => value ?? null;
    const total = thin(
      times,
      [
        loads.map(({ inputTokensPerSecond }) => inputTokensPerSecond),
        loads.map(({ outputTokensPerSecond }) => outputTokensPerSecond),
        loads.map(({ running }) => running),
        loads.map(({ queued }) => queued),
        loads.map(({ ttft }) => ms(ttft?.p50)),
        loads.map(({ ttft }) => ms(ttft?.p99)),
        loads.map(({ itl }) => ms(itl?.p50)),
        loads.map(({ itl }) => ms(itl?.p99)),
      ],
      MOST,
    );
    const workers = steps.map((step): WorkerSeries => {
      const columns = WORKER_FIGURES.map(([, field]) =>
        loads.map(({ workers }) => workers.get(step)?.[field] ?? null),
      );
      const thinned = thin(times, columns, MOST).columns;
      return {
        step,
        ...(Object.fromEntries(WORKER_FIGURES.map(([name], index) => [name, thinned[index] ?? []])) as Record<
          (typeof WORKER_FIGURES)[number][0],
          Column
        >),
      };
    });
    return { looks: loads.length + 1, total, workers };
  }
}

/** A worker's log at each of the times of a series; `samples` has one for each. */
export interface LoggedRates {
  readonly step: string;
  readonly samples: readonly Rates[];
}

/** Adds what the workers' logs tell and their metrics do not. */
export function withLogs(series: LoadSeries, logs: readonly LoggedRates[]): LoadSeries {
  const known = series.workers.filter(({ step }) => !logs.some((log) => log.step === step));
  const merged = logs.map(({ step, samples }): WorkerSeries => {
    const sampled = series.workers.find((worker) => worker.step === step);
    const columns = WORKER_FIGURES.map(([name, field]) => {
      const told = sampled?.[name];
      return told && hasValues(told)
        ? { name, column: told, logged: false }
        : {
            name,
            column: field === 'requestsPerSecond' ? empty(samples) : logged(samples, field),
            logged: true,
          };
    });
    const names = columns.filter(({ logged, column }) => logged && hasValues(column)).map(({ name }) => name);
    return {
      step,
      ...(Object.fromEntries(columns.map(({ name, column }) => [name, column])) as Record<
        WorkerColumn,
        Column
      >),
      ...(names.length > 0 && { logged: names }),
    };
  });
  return { ...series, workers: [...known, ...merged] };
}

/** A series of logs alone, at these times, seconds since 1970: the service is the sum of its workers. */
export function loggedSeries(times: readonly number[], logs: readonly LoggedRates[]): LoadSeries {
  const sums = (['inputTokensPerSecond', 'outputTokensPerSecond', 'running', 'queued'] as const).map(
    (field) =>
      times.map((_, row) =>
        rounded(logs.reduce((sum, { samples }) => sum + (samples[row]?.[field] ?? 0), 0)),
      ),
  );
  const unknown = times.map(() => null);
  const columns = [...sums, unknown, unknown, unknown, unknown];
  return withLogs({ looks: 0, total: { times, columns, samples: 1 }, workers: [] }, logs);
}

const hasValues = (column: Column): boolean => column.some((value) => value !== null);
const empty = (samples: readonly Rates[]): Column => samples.map(() => null);
const rounded = (value: number): number => Math.round(value * 1000) / 1000;

function logged(samples: readonly Rates[], field: keyof Rates): Column {
  return samples.map((rates) => {
    const value = rates[field];
    return value === undefined ? null : rounded(value);
  });
}
