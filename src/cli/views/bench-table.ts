import type { BenchPoint, Percentiles } from '../../bench/result.ts';
import type { Page } from '../world.ts';
import { table } from './table.ts';

const HEADER = [
  'concurrency',
  'tok/s',
  'per GPU',
  'per user',
  'TTFT p50, ms',
  'p99, ms',
  'ITL p50, ms',
  'p99, ms',
  'requests',
  'errors',
  'valid',
];

/** A row for each measurement. */
export function resultsTable(points: readonly BenchPoint[], page: Page): string {
  const each = points.flatMap((point) => point.runs ?? [point]);
  const more = OPTIONAL.filter(({ shown }) => shown(each));
  return table(
    [...HEADER.slice(0, -3), ...more.map(({ title }) => title), ...HEADER.slice(-3)],
    each.map((point) => [
      String(point.concurrency),
      ...(point.completed === 0
        ? ['-', '-', '-']
        : [point.outputTokensPerSecond, point.perGpu, point.perUser].map(number)),
      time(point.ttft, 'p50'),
      time(point.ttft, 'p99'),
      time(point.itl ?? point.tpot, 'p50'),
      time(point.itl ?? point.tpot, 'p99'),
      ...more.map(({ of }) => of(point)),
      `${point.completed}/${point.prompts}`,
      String(point.failed),
      `${point.valid ? 'yes' : 'INVALID'}${point.partial ? ', partial' : ''}`,
    ]),
    { width: page.width },
  );
}

/** Columns that only some benchmarks have. */
const OPTIONAL: readonly {
  readonly title: string;
  readonly shown: (points: readonly BenchPoint[]) => boolean;
  readonly of: (point: BenchPoint) => string;
}[] = [
  {
    title: 'rate',
    shown: (points) => new Set(points.map(({ requestRate }) => requestRate)).size > 1,
    of: ({ requestRate }) => String(requestRate ?? '-'),
  },
  {
    title: 'goodput, req/s',
    shown: (points) => points.some(({ goodput }) => goodput !== undefined),
    of: ({ goodput }) => (goodput === undefined ? '-' : number(goodput)),
  },
  {
    title: 'J per token',
    shown: (points) => points.some(({ energy }) => energy !== undefined),
    of: ({ energy }) => (energy === undefined ? '-' : number(energy.perOutputToken)),
  },
  {
    title: 'accepted',
    shown: (points) => points.some(({ acceptLength }) => acceptLength !== undefined),
    of: ({ acceptLength }) => (acceptLength === undefined ? '-' : number(acceptLength)),
  },
];

function number(value: number): string {
  return value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2);
}

function time(values: Percentiles | undefined, which: 'p50' | 'p99'): string {
  const value = values?.[which];
  return value === undefined ? '-' : number(value);
}
