import { decimal } from '../../format.ts';
import { MOCK_MARK } from '../../observe/mock-engines.ts';
import { type Chart, figure, table } from '../chart.ts';
import { type Html, html } from '../html.ts';
import { type LoadSeries, WORKER_FIGURES, type WorkerSeries } from '../load-series.ts';
import type { RunData } from '../run-data.ts';
import { type Column, hasValues, mean } from '../thin.ts';

/** Lines in one chart; the rest of many workers is in the table. */
const MOST_LINES = 12;

type Plan = RunData['plan'];

/** Throughput over time: the service, its workers, and how prefill and decode share the work. */
export function load({ run, mock, load: series, plan }: RunData, index: number): Html | undefined {
  if (series === undefined) return undefined;
  const { total, workers, looks } = series;
  const each = total.samples === 1 ? '' : ` Each value is the mean of ${total.samples} samples.`;
  const lines = (names: readonly string[], from: number): Chart['series'] =>
    names.map((name, style) => ({ name, values: total.columns[from + style] ?? [], style }));
  const over = { x: { label: 'UTC', kind: 'time' }, at: total.times } as const;
  const charts: readonly Chart[] = [
    {
      ...over,
      id: `tokens-${index}`,
      title: 'Tokens per second, whole service',
      note: `Input is what prefill reads, output what decode writes, as ${looks === 0 ? "the workers' logs tell it" : 'the frontends count it'}.${each}`,
      y: { label: 'tok/s' },
      series: lines(['input', 'output'], 0),
    },
    {
      ...over,
      id: `requests-${index}`,
      title: 'Requests in progress',
      y: { label: 'requests' },
      series: lines(['running', looks === 0 ? 'queued' : 'waiting for their first token'], 2),
    },
    ...workerCharts(series, index, plan).map((chart) => ({ ...over, ...chart })),
    {
      ...over,
      id: `latencies-${index}`,
      title: 'Latency as clients see it, ms',
      y: { label: 'ms' },
      series: lines(['TTFT p50', 'TTFT p99', 'ITL p50', 'ITL p99'], 4),
    },
  ];
  const drawn = charts.filter((chart) => chart.series.some(({ values }) => hasValues(values)));
  return html`<section id="load-${index}"><h2>Load over time: ${run.id}${mock && ` ${MOCK_MARK}`}</h2>
<p>${balance(series, plan)}</p>
<p>${sources(series)}</p>
<div class="grid">${drawn.map(figure)}</div>
<details><summary>Every worker: means while the service was sampled</summary>${table(
    ['worker', 'requests/s', 'input tok/s', 'output tok/s', 'running', 'queued', 'KV cache, %', 'from'],
    workers.map((worker) => {
      const usage = mean(worker.kvUsage);
      return [
        worker.step,
        ...(['requests', 'input', 'output', 'running', 'queued'] as const).map((name) =>
          decimal(mean(worker[name])),
        ),
        decimal(usage === null ? null : usage * 100),
        sourceOf(worker),
      ];
    }),
  )}</details></section>`;
}

/** `metrics`, `log`, or which figures of a worker come from its log. */
function sourceOf(worker: WorkerSeries): string {
  const { logged = [] } = worker;
  if (logged.length === 0) return 'metrics';
  const sampled = WORKER_FIGURES.some(([name]) => !logged.includes(name) && hasValues(worker[name]));
  const names = logged.map((name) => (name === 'kvUsage' ? 'KV cache' : name));
  return sampled ? `metrics; ${names.join(', ')}: log` : 'log';
}

/** A sentence on where the figures of workers come from. */
function sources({ workers }: LoadSeries): string {
  const logged = workers.filter((worker) => worker.logged !== undefined).length;
  if (logged === 0) return "The workers' figures come from their metrics.";
  return `What the metrics of ${logged} of ${workers.length} workers do not tell comes from the batch lines of their engines' logs, summed over DP ranks; there, input leaves out what was found in the cache.`;
}

/** One chart a role, of the figure that shows best how much its workers do. */
function workerCharts(
  { workers }: LoadSeries,
  index: number,
  plan: Plan,
): readonly Omit<Chart, 'x' | 'at'>[] {
  const roles = [...new Set(workers.map(({ step }) => roleOf(step, plan)))];
  return roles.map((role, at) => {
    const own = workers.filter(({ step }) => roleOf(step, plan) === role);
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
      y: { label },
      series: shown.map((worker, style) => ({ name: worker.step, values: worker[field], style })),
    };
  });
}

/** What shows best how much a worker does, of what its engine tells. */
function fieldOf(
  role: string,
  workers: readonly WorkerSeries[],
): readonly ['input' | 'output' | 'requests', string] {
  const field = role === 'prefill' ? 'input' : 'output';
  const has = workers.some((worker) => worker[field].some((value) => value !== null && value > 0));
  return has ? [field, `${field} tok/s`] : ['requests', 'requests/s'];
}

/** Values that a word on what to change needs. */
const ENOUGH = 20;

/** A sentence on where requests are. */
function balance({ total, workers }: LoadSeries, plan: Plan): string {
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
  if (parts.length === 0) return '';
  const enough = total.times.length >= ENOUGH;
  const where = enough ? waiting(of('prefill', 'queued') ?? 0, of('decode', 'queued') ?? 0) : '';
  return `On average ${parts.join('; ')}.${where}`;
}

/** `prefill` and `decode`: requests that wait there. */
function waiting(prefill: number, decode: number): string {
  if (Math.max(prefill, decode) < 1) return '';
  if (prefill > 2 * decode)
    return ' Requests wait for prefill: more prefill workers, or fewer decode workers, would even it out.';
  if (decode > 2 * prefill)
    return ' Requests wait for decode: more decode workers, or fewer prefill workers, would even it out.';
  return ' Both wait about equally.';
}

function roleOf(step: string, plan: Plan): string {
  return plan?.workers.find(({ name }) => name === step)?.role ?? step.replace(/-\d+$/, '');
}
