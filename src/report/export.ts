import { sampleText } from '../observe/service/sample-text.ts';
import { accuracyRecords, benchRecords, type RunRecord } from './bench-records.ts';
import { type LoadSeries, TOTAL_FIGURES, WORKER_FIGURES } from './load-series.ts';
import type { RunData } from './run-data.ts';

/** One row a number or event: `run,kind,time,subject,concurrency,figure,value,mock`; RFC 4180, with line breaks of Unix. */
export function csvOf(data: RunData): string {
  const rows = recordsOf(data).map(({ kind, time, subject, concurrency, figure, value }) => [
    data.run.id,
    kind,
    time === undefined ? '' : new Date(time).toISOString(),
    subject,
    concurrency ?? '',
    figure,
    value,
    String(data.mock),
  ]);
  return [['run', 'kind', 'time', 'subject', 'concurrency', 'figure', 'value', 'mock'], ...rows]
    .map((row) => `${row.map(cell).join(',')}\n`)
    .join('');
}

/** A spreadsheet would take text that begins so for a formula, whoever wrote it. */
function cell(value: string | number): string {
  if (typeof value === 'number') return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** What the files of a run say, as one object. */
export function jsonOf({ run, mock, events, bench, load, gpus }: RunData): string {
  const { id, name, job } = run;
  return `${JSON.stringify({ schema: 'dyn-slurm/export/1', run: id, name, job: job ?? null, mock, events, bench, load: load ?? null, gpus }, null, 2)}\n`;
}

/**
 * The numbers in OpenMetrics' text format, with their times: `promtool tsdb create-blocks-from openmetrics` takes it.
 * https://prometheus.io/docs/specs/om/open_metrics_spec/
 */
export function openMetricsOf(data: RunData): string {
  const families = new Map<string, string[]>();
  for (const record of recordsOf(data)) {
    if (typeof record.value !== 'number') continue;
    const name = `dyn_slurm_${record.kind}_${snake(record.figure)}`;
    const lines = families.get(name);
    const line = sample(name, record, data);
    if (lines) lines.push(line);
    else families.set(name, [`# TYPE ${name} gauge\n`, line]);
  }
  return `${[...families.values()].flat().join('')}# EOF\n`;
}

function sample(
  name: string,
  { time, subject, concurrency, value }: RunRecord,
  { run, mock }: RunData,
): string {
  const labels = {
    run: run.id,
    subject,
    mock: String(mock),
    ...(concurrency !== undefined && { concurrency: String(concurrency) }),
  };
  return sampleText(name, labels, Number(value), time === undefined ? undefined : time / 1000);
}

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** All that can be counted of a run, and its events. */
function recordsOf(data: RunData): readonly RunRecord[] {
  return [
    ...benchRecords(data),
    ...accuracyRecords(data),
    ...(data.load ? loadRecords(data.load) : []),
    ...eventRecords(data),
  ];
}

function loadRecords({ total, workers }: LoadSeries): readonly RunRecord[] {
  return total.times.flatMap((seconds, row) => {
    const at = (subject: string, figure: string, value: number | null | undefined): readonly RunRecord[] =>
      typeof value === 'number' ? [{ kind: 'load', time: seconds * 1000, subject, figure, value }] : [];
    return [
      ...TOTAL_FIGURES.flatMap(([figure], column) => at('service', figure, total.columns[column]?.[row])),
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
