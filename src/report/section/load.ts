import { decimal } from '../../format.ts';
import { MOCK_MARK } from '../../observe/mock-engines.ts';
import { type Chart, figure, table } from '../chart.ts';
import { type Html, html } from '../html.ts';
import type { LoadSeries, WorkerColumn, WorkerSeries } from '../load-series.ts';
import type { RunData } from '../run-data.ts';
import { type Column, mean } from '../thin.ts';

/** Lines in one chart; the rest of many workers is in the table. */
const MOST_LINES = 12;

/** Throughput over time: the service, its workers, and how prefill and decode share the work. */
export function load({ run, mock, load: series, plan }: RunData, index: number): Html | undefined {
  if (series === undefined) return undefined;
  const { total, workers } = series;
  const [
    input = [],
    output = [],
    running = [],
    queued = [],
    ttft50 = [],
    ttft99 = [],
    itl50 = [],
    itl99 = [],
  ] = total.columns;
  const base = {
    x: { label: 'UTC', kind: 'time' },
    at: total.times,
  } as const;
  const each = total.samples === 1 ? '' : ` Each value is the mean of ${total.samples} samples.`;
  const charts: readonly Chart[] = [
    {
      ...base,
      id: `tokens-${index}`,
      title: 'Tokens per second, whole service',
      note: `Input is what prefill reads, output what decode writes, as ${series.looks === 0 ? "the workers' logs tell it" : 'the frontends count it'}.${each}`,
      y: { label: 'tok/s' },
      series: [
        { name: 'input', values: input, style: 0 },
        { name: 'output', values: output, style: 1 },
      ],
    },
    {
      ...base,
      id: `requests-${index}`,
      title: 'Requests in progress',
      y: { label: 'requests' },
      series: [
        { name: 'running', values: running, style: 0 },
        { name: series.looks === 0 ? 'queued' : 'waiting for their first token', values: queued, style: 1 },
      ],
    },
    ...workerCharts(series, index, plan),
    {
      ...base,
      id: `latencies-${index}`,
      title: 'Latency as clients see it, ms',
      y: { label: 'ms' },
      series: [
        { name: 'TTFT p50', values: ttft50, style: 0 },
        { name: 'TTFT p99', values: ttft99, style: 1 },
        { name: 'ITL p50', values: itl50, style: 2 },
        { name: 'ITL p99', values: itl99, style: 3 },
      ],
    },
  ];
  return html`<section id="load-${index}"><h2>Load over time: ${run.id}${mock && ` ${MOCK_MARK}`}</h2>
<p>${balance(series, plan)}</p>
<p>${sources(series)}</p>
<div class="grid">${charts.filter(hasValues).map(figure)}</div>
<details><summary>Every worker: means while the service was sampled</summary>${table(
    ['worker', 'requests/s', 'input tok/s', 'output tok/s', 'running', 'queued', 'KV cache, %', 'from'],
    workers.map((worker) => [
      worker.step,
      ...(['requests', 'input', 'output', 'running', 'queued'] as const).map((name) =>
        decimal(mean(worker[name])),
      ),
      decimal(percentOf(mean(worker.kvUsage))),
      sourceOf(worker),
    ]),
  )}</details></section>`;
}

const hasValues = ({ series }: Chart): boolean =>
  series.some(({ values }) => values.some((value) => value !== null));

const COLUMNS = {
  input: 'input',
  output: 'output',
  requests: 'requests',
  running: 'running',
  queued: 'queued',
  kvUsage: 'KV cache',
} as const satisfies Record<WorkerColumn, string>;

/** `metrics`, `log`, or which figures of a worker come from its log. */
function sourceOf(worker: WorkerSeries): string {
  const { logged = [] } = worker;
  if (logged.length === 0) return 'metrics';
  const names = Object.keys(COLUMNS) as readonly WorkerColumn[];
  const sampled = names.some(
    (name) => !logged.includes(name) && worker[name].some((value) => value !== null),
  );
  return sampled ? `metrics; ${logged.map((name) => COLUMNS[name]).join(', ')}: log` : 'log';
}

/** A sentence on where the figures of workers come from. */
function sources({ workers }: LoadSeries): string {
  const logged = workers.filter((worker) => worker.logged !== undefined).length;
  if (logged === 0) return "The workers' figures come from their metrics.";
  return `What the metrics of ${logged} of ${workers.length} workers do not tell comes from the batch lines of their SGLang logs, summed over DP ranks; there, input leaves out what was found in the cache.`;
}

function workerCharts(
  { total, workers }: LoadSeries,
  index: number,
  plan: RunData['plan'],
): readonly Chart[] {
  const roles = new Map<string, WorkerSeries[]>();
  for (const worker of workers) {
    const role = roleOf(worker.step, plan);
    roles.set(role, [...(roles.get(role) ?? []), worker]);
  }
  return [...roles].map(([role, own], at): Chart => {
    const [field, label] = fieldOf(role, own);
    const sum = (column: Column) => column.reduce<number>((all, value) => all + (value ?? 0), 0);
    const busiest = own.toSorted((one, other) => sum(other[field]) - sum(one[field])).slice(0, MOST_LINES);
    const shown = own.filter((worker) => busiest.includes(worker));
    return {
      id: `workers-${index}-${at}`,
      title: `${role} workers, ${label}`,
      ...(own.length > shown.length && {
        note: `The ${shown.length} busiest of ${own.length}; the table of workers below has all.`,
      }),
      x: { label: 'UTC', kind: 'time' },
      y: { label },
      at: total.times,
      series: shown.map((worker, style) => ({ name: worker.step, values: worker[field], style })),
    };
  });
}

/** What shows best how much a worker does, of what its engine tells. */
function fieldOf(
  role: string,
  workers: readonly WorkerSeries[],
): readonly ['input' | 'output' | 'requests', string] {
  const has = (field: 'input' | 'output') =>
    workers.some((worker) => worker[field].some((value) => value !== null && value > 0));
  if (role === 'prefill' && has('input')) return ['input', 'input tok/s'];
  if (role !== 'prefill' && has('output')) return ['output', 'output tok/s'];
  return ['requests', 'requests/s'];
}

/** Values that a word on what to change needs. */
const ENOUGH = 20;

/** A sentence on where requests are. */
function balance({ total, workers }: LoadSeries, plan: RunData['plan']): string {
  const of = (role: string, field: 'running' | 'queued') => {
    const own = workers.filter(({ step }) => roleOf(step, plan) === role);
    return own.length === 0 ? undefined : own.reduce((sum, worker) => sum + (mean(worker[field]) ?? 0), 0);
  };
  const parts = ['prefill', 'decode', 'aggregated'].flatMap((role) => {
    const [running, queued] = [of(role, 'running'), of(role, 'queued')];
    return running === undefined || queued === undefined
      ? []
      : [`${role} workers had ${decimal(running)} requests running and ${decimal(queued)} queued`];
  });
  const [prefill, decode] = [of('prefill', 'queued') ?? 0, of('decode', 'queued') ?? 0];
  const where =
    total.times.length < ENOUGH || Math.max(prefill, decode) < 1
      ? ''
      : prefill > 2 * decode
        ? ' Requests wait for prefill: more prefill workers, or fewer decode workers, would even it out.'
        : decode > 2 * prefill
          ? ' Requests wait for decode: more decode workers, or fewer prefill workers, would even it out.'
          : ' Both wait about equally.';
  return parts.length === 0 ? '' : `On average ${parts.join('; ')}.${where}`;
}

function roleOf(step: string, plan: RunData['plan']): string {
  return plan?.workers.find(({ name }) => name === step)?.role ?? step.replace(/-\d+$/, '');
}

function percentOf(share: number | null): number | null {
  return share === null ? null : share * 100;
}
