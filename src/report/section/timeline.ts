import type { BenchPoint } from '../../bench/result.ts';
import { elapsed } from '../../format.ts';
import type { EventOf, ObservedEvent } from '../../run/events.ts';
import { START_STAGES, type StageFacts } from '../../start-stages.ts';
import { table } from '../chart.ts';
import { type Html, html } from '../html.ts';
import type { RunData } from '../run-data.ts';
import type { StageSpan } from '../worker-logs.ts';

const WIDTH = 1000;
const LABELS = 220;
const ROW = 22;

/** The start-up as bars, and what happened after it; a table has the same. */
export function timeline({ run, events, bench, starts, now }: RunData, index: number): Html {
  const spans = timelineOf(
    events,
    run.job?.submitted,
    bench.flatMap(({ points }) => points.flatMap((point) => point.runs ?? [point])),
    starts,
    now,
  );
  const started = spans.filter(({ kind }) => kind === 'start');
  const rest = spans.filter(({ kind }) => kind !== 'start');
  if (spans.length === 0)
    return html`<section id="timeline-${index}"><h2>Timeline: ${run.id}</h2><p>The job has written no events: it has not started.</p></section>`;
  return html`<section id="timeline-${index}"><h2>Timeline: ${run.id}</h2>
${started.length > 0 && bars(`start-${index}`, 'From submission to ready', started)}
${rest.length > 0 && bars(`life-${index}`, 'From ready to the verdict', rest)}
<details><summary>Timeline as a table</summary>${table(
    ['what', 'from, UTC', 'took', ''],
    spans.map(({ name, start, end, text }) => [
      name,
      new Date(start).toISOString().slice(11, 23),
      start === end ? '' : elapsed(end - start),
      text,
    ]),
  )}</details></section>`;
}

function bars(id: string, title: string, spans: readonly Span[]): Html {
  const from = Math.min(...spans.map(({ start }) => start));
  const to = Math.max(...spans.map(({ end }) => end), from + 1);
  const place = (time: number) => LABELS + ((time - from) / (to - from)) * (WIDTH - LABELS - 90);
  const height = spans.length * ROW + 4;
  return html`<figure class="chart"><figcaption id="${id}">${title} <span class="note">${elapsed(to - from)} in all</span></figcaption>
<div class="scroll" tabindex="0" role="group" aria-labelledby="${id}"><svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="${id}" class="bars">${spans.map(
    ({ name, start, end, kind, text }, row) => {
      const [left, right] = [place(start), place(end)];
      const middle = row * ROW + ROW / 2 + 2;
      return html`<g><title>${name}: ${start === end ? '' : elapsed(end - start)} ${text}</title>
<text x="${LABELS - 8}" y="${middle + 4}" text-anchor="end">${name.slice(0, 34)}</text>${
        start === end
          ? html`<path class="${kind}" d="M${left.toFixed(1)} ${middle - 7}l7 7l-7 7l-7-7z"/>`
          : html`<rect class="${kind}" x="${left.toFixed(1)}" y="${middle - 7}" width="${Math.max(2, right - left).toFixed(1)}" height="14" rx="2"/>`
      }<text x="${(right + 8).toFixed(1)}" y="${middle + 4}" class="took">${
        start === end ? `+${elapsed(start - from)}` : elapsed(end - start)
      }</text></g>`;
    },
  )}</svg></div></figure>`;
}

/** Something that took a while, or with `end` as `start`, happened. */
export interface Span {
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly start: number;
  readonly end: number;
  readonly kind: 'start' | 'serve' | 'end' | 'trouble';
  readonly text: string;
}

/** A point of a benchmark, with its times where they are known. */
type Measurement = Pick<BenchPoint, 'concurrency' | 'started' | 'ended'>;

/** A run from its submission to its verdict, or to now where it goes on, in the order of the beginnings. */
export function timelineOf(
  events: readonly ObservedEvent[],
  submitted?: string,
  measurements: readonly Measurement[] = [],
  starts: RunData['starts'] = [],
  now?: string,
): readonly Span[] {
  const all = events.filter(({ time }) => !Number.isNaN(Date.parse(time)));
  const at = (kind: ObservedEvent['kind']) => all.find((event) => event.kind === kind);
  const started = at('job-started');
  const ready = at('ready');
  const over = at('teardown') ?? at('verdict');
  const bound = at('nodes-bound');
  const last = all.at(-1);
  const spans = [
    span('queue', submitted, started?.time, 'start', 'waiting for nodes'),
    span('nodes', started?.time, bound?.time, 'start', 'preflight, and hosts bound to the plan'),
    ...fetched(all, 'image'),
    ...fetched(all, 'install'),
    ...services(all),
    ...roles(all),
    ...starts.flatMap(({ step, stages }) => stages.map((stage) => stageSpan(step, stage))),
    span(
      'first completion',
      lastRegistered(all)?.time,
      ready?.time,
      'start',
      'frontends see all, an answer has tokens',
    ),
    span(
      'serving',
      ready?.time,
      over?.time ?? now ?? last?.time,
      'serve',
      now === undefined || over ? 'ready, until the end' : 'ready, and it goes on',
    ),
    ...measurements.map(({ concurrency, started, ended }) =>
      span(`concurrency ${concurrency}`, started, ended, 'serve', 'benchmark'),
    ),
    ...troubles(all),
    span('teardown', at('teardown')?.time, at('verdict')?.time, 'end', reasonOf(at('teardown'))),
  ];
  return spans
    .filter((one) => one !== undefined)
    .toSorted((one, other) => one.start - other.start || one.end - other.end);
}

function span(
  name: string,
  from: string | undefined,
  to: string | undefined,
  kind: Span['kind'],
  text: string,
): Span | undefined {
  const [start, end] = [Date.parse(from ?? ''), Date.parse(to ?? '')];
  if (Number.isNaN(start) || Number.isNaN(end)) return undefined;
  return { name, start, end: Math.max(start, end), kind, text };
}

function fetched(events: readonly ObservedEvent[], kind: 'image' | 'install'): readonly (Span | undefined)[] {
  const found = events.filter((event): event is EventOf<'image' | 'install'> => event.kind === kind);
  const last = found.at(-1);
  if (!last) return [];
  const begun = new Date(Date.parse(last.time) - last.seconds * 1000).toISOString();
  return [span(kind, begun, last.time, 'start', `${last.state}: ${last.reason}`)];
}

function services(events: readonly ObservedEvent[]): readonly (Span | undefined)[] {
  return events.flatMap((event) => {
    if (event.kind !== 'service-ready') return [];
    const start = events.find((other) => other.kind === 'step-started' && other.step === event.step);
    return [span(event.step, start?.time, event.time, 'start', 'until it answers')];
  });
}

/** From the first worker of a role to the registration of the last. */
function roles(events: readonly ObservedEvent[]): readonly (Span | undefined)[] {
  const registered = events.filter((event) => event.kind === 'workers-registered');
  return [...new Set(registered.map(({ role }) => role))].map((role) => {
    const start = events.find((event) => event.kind === 'step-started' && event.role === role);
    const whole = registered.find((event) => event.role === role && event.have >= event.want);
    const last = whole ?? registered.findLast((event) => event.role === role);
    return span(
      `${role} workers`,
      start?.time,
      last?.time,
      'start',
      `${last?.have ?? 0} of ${last?.want ?? 0} registered`,
    );
  });
}

/** Span of a stage of a start, according to the worker's log. */
function stageSpan(step: string, { stage, start, end, done, total, kernels, ended }: StageSpan): Span {
  const { title, counts = '' }: StageFacts = START_STAGES[stage];
  const count = total === undefined ? '' : `${done} of ${total} ${counts}`;
  const found = kernels === undefined ? '' : `kernels ${kernels}`;
  const text = [count, found, ended ? '' : 'its log tells no end'].filter((part) => part !== '').join(', ');
  return { name: `${step}: ${title}`, start, end, kind: 'start', text };
}

function lastRegistered(events: readonly ObservedEvent[]): ObservedEvent | undefined {
  const ready = events.findIndex(({ kind }) => kind === 'ready');
  return events.slice(0, Math.max(ready, 0)).findLast(({ kind }) => kind === 'workers-registered');
}

const TROUBLES = new Set<ObservedEvent['kind']>([
  'process-ended',
  'worker-restarting',
  'recovered',
  'degraded',
  'unregistered',
  'registered-again',
  'stalled',
  'hung',
  'answers-again',
  'warning',
  'requeued',
]);

function troubles(events: readonly ObservedEvent[]): readonly (Span | undefined)[] {
  return events
    .filter(({ kind }) => TROUBLES.has(kind))
    .map((event) => {
      const name =
        'step' in event && event.step ? `${event.kind.replaceAll('-', ' ')}: ${event.step}` : event.kind;
      return span(name, event.time, event.time, 'trouble', reasonOf(event));
    });
}

function reasonOf(event: ObservedEvent | undefined): string {
  return event && 'reason' in event && typeof event.reason === 'string' ? event.reason : '';
}
