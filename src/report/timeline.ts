import type { BenchPoint } from '../bench/result.ts';
import type { ObservedEvent } from '../run/events.ts';
import { START_STAGES, type StageFacts } from '../start-stages.ts';
import type { RunData } from './run-data.ts';
import type { StageSpan } from './start-spans.ts';

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

/** A run from its submission to its verdict, in the order of the beginnings. */
export function timelineOf(
  events: readonly ObservedEvent[],
  submitted?: string,
  measurements: readonly Measurement[] = [],
  starts: RunData['starts'] = [],
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
    ...images(all),
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
    span('serving', ready?.time, over?.time ?? last?.time, 'serve', ready ? 'ready, until the end' : ''),
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

function images(events: readonly ObservedEvent[]): readonly (Span | undefined)[] {
  const found = events.filter((event) => event.kind === 'image');
  const last = found.at(-1);
  if (!last) return [];
  const begun = new Date(Date.parse(last.time) - last.seconds * 1000).toISOString();
  return [span('image', begun, last.time, 'start', `${last.state}: ${last.reason}`)];
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

/** By the worker's log. */
function stageSpan(step: string, { stage, start, end, done, total, ended }: StageSpan): Span {
  const { title, counts = '' }: StageFacts = START_STAGES[stage];
  const count = total === undefined ? '' : `${done} of ${total} ${counts}`;
  const text = [count, ended ? '' : 'its log tells no end'].filter((part) => part !== '').join(', ');
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
