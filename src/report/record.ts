import type { BenchPoint, Percentiles } from '../bench/result.ts';
import { type LoadSeries, WORKER_FIGURES } from './load-series.ts';
import { measuredOf } from './measured.ts';
import type { RunData } from './run-data.ts';

/** One number, or word, that a run has left. */
export interface RunRecord {
  readonly kind: 'bench' | 'load' | 'event';
  /** Milliseconds since 1970; undefined where it is not known. */
  readonly time?: number;
  /** A step, or `service`; of a benchmark its name. */
  readonly subject: string;
  readonly concurrency?: number;
  readonly figure: string;
  readonly value: number | string;
}

/** All that can be counted of a run, and its events. */
export function recordsOf(data: RunData): readonly RunRecord[] {
  return [...benchRecords(data), ...(data.load ? loadRecords(data.load) : []), ...eventRecords(data)];
}

const FIGURES = [
  ...['prompts', 'completed', 'failed', 'seconds', 'inputTokens', 'outputTokens'],
  ...['requestsPerSecond', 'outputTokensPerSecond', 'totalTokensPerSecond', 'perGpu', 'perUser'],
] as readonly (keyof BenchPoint)[];
const LATENCIES = ['ttft', 'tpot', 'itl', 'e2e'] as const;
const SHARES = [
  'mean',
  'p50',
  'p90',
  'p95',
  'p99',
  'min',
  'max',
] as const satisfies readonly (keyof Percentiles)[];

function benchRecords(data: RunData): readonly RunRecord[] {
  return measuredOf([data]).flatMap(({ bench, point }) =>
    (point.runs ?? [point]).flatMap((each) => {
      const time = Date.parse(each.ended ?? each.started ?? '');
      const base = {
        kind: 'bench',
        ...(!Number.isNaN(time) && { time }),
        subject: bench,
        concurrency: each.concurrency,
      } as const;
      const latencies = LATENCIES.flatMap((name) =>
        SHARES.map((share) => [`${name}_${share}_ms`, each[name]?.[share]] as const),
      );
      return [
        ...FIGURES.map((name) => [name, each[name]] as const),
        ['valid', Number(each.valid)] as const,
        ['partial', Number(each.partial)] as const,
        ...latencies,
      ].flatMap(([figure, value]) => (typeof value === 'number' ? [{ ...base, figure, value }] : []));
    }),
  );
}

const TOTALS = [
  ...['inputTokensPerSecond', 'outputTokensPerSecond', 'running', 'queued'],
  ...['ttft_p50_ms', 'ttft_p99_ms', 'itl_p50_ms', 'itl_p99_ms'],
];
function loadRecords({ total, workers }: LoadSeries): readonly RunRecord[] {
  return total.times.flatMap((seconds, row) => {
    const at = (subject: string, figure: string, value: number | null | undefined): readonly RunRecord[] =>
      typeof value === 'number' ? [{ kind: 'load', time: seconds * 1000, subject, figure, value }] : [];
    return [
      ...TOTALS.flatMap((figure, column) => at('service', figure, total.columns[column]?.[row])),
      ...workers.flatMap((worker) =>
        WORKER_FIGURES.flatMap(([column, figure]) => at(worker.step, figure, worker[column][row])),
      ),
    ];
  });
}

function eventRecords({ events }: RunData): readonly RunRecord[] {
  return events.map((event) => {
    const time = Date.parse(event.time);
    const subject = 'step' in event && typeof event.step === 'string' ? event.step : 'job';
    const value = 'reason' in event && typeof event.reason === 'string' ? event.reason : '';
    return { kind: 'event', ...(!Number.isNaN(time) && { time }), subject, figure: event.kind, value };
  });
}
