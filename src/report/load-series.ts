import { type Load, loadBetween, type Scrape } from '../observe/service/load.ts';
import { type Column, type Columns, thin } from './thin.ts';

/** What a run's frontends and workers did over time. */
export interface LoadSeries {
  /** Samples of metrics that there are. */
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
}

const MOST = 1500;
const FIELDS = [
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
      const columns = FIELDS.map(([, field]) =>
        loads.map(({ workers }) => workers.get(step)?.[field] ?? null),
      );
      const thinned = thin(times, columns, MOST).columns;
      return {
        step,
        ...(Object.fromEntries(FIELDS.map(([name], index) => [name, thinned[index] ?? []])) as Record<
          (typeof FIELDS)[number][0],
          Column
        >),
      };
    });
    return { looks: loads.length + 1, total, workers };
  }
}
