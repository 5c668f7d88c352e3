import { count, plural } from '../../../config/text/plural.ts';
import { widthOf } from '../../../config/text/text-width.ts';
import { brief, elapsed, latency, rounded } from '../../../format.ts';
import { plainText } from '../../../host/plain-text.ts';
import { MOCK_MARK } from '../../../observe/mock-engines.ts';
import type { Quantiles } from '../../../run/service-event.ts';
import type { RunState } from '../../../run/state.ts';
import { timeLeftText } from '../time-left.ts';
import { COLUMN, columnsOf, meanOf, RECENT, sparkline } from './history.ts';
import { isMock, type LiveState, stateWord } from './live-state.ts';
import { flow, type Line, lineText, type Piece, piece, type Style } from './span-line.ts';
import { workerTable } from './worker-table.ts';

/** Size and looks of a terminal. */
export interface Frame {
  readonly columns: number;
  readonly rows: number;
  readonly color: boolean;
}

/** Below this a terminal is short, and gets no empty lines. */
const SHORT = 30;
/** Lines that workers get at least, where there are so many. */
const FEW = 7;

/** The whole view as lines that fit. `now`: milliseconds since 1970. */
export function liveText(name: string, state: LiveState, now: number, frame: Frame): readonly string[] {
  const { columns, rows } = frame;
  const head = [
    ...flow(titleParts(name, state, now, columns), columns),
    ...flow(ratesParts(state, now), columns),
    sparkLine(state, now, columns),
    ...flow(latencyParts(state), columns),
  ];
  // A short terminal rather shows workers.
  const foot = sourceLines(state, columns).slice(0, Math.max(1, rows - head.length - FEW));
  const gaps: readonly Line[] = rows < SHORT ? [] : [[]];
  // The cursor stands in the line below.
  const room = rows - 1 - head.length - foot.length - 2 * gaps.length;
  const lines = [...head, ...gaps, ...workerTable(state, now, columns, room), ...gaps, ...foot];
  return lines.slice(0, Math.max(1, rows - 1)).map((line) =>
    lineText(
      line.map(({ text, style }) => ({ text: plainText(text), style })),
      columns,
      frame.color,
    ),
  );
}

/** The address stays whole at any width: clients need it. */
function titleParts(name: string, state: LiveState, now: number, columns: number): readonly Line[] {
  const { ready, bench } = state.run;
  const { word, detail } = stateWord(state);
  return [
    [piece(name, 'bold')],
    [piece(isMock(state) ? MOCK_MARK : '', 'warn')],
    [detail ? { ...word, text: `${word.text}, ${detail}` } : word],
    [piece(ready === undefined ? '' : `up ${elapsed(now - Date.parse(ready.time))}`)],
    [piece(timeLeftText(state.run, now))],
    bench && bench.state === 'begun'
      ? [piece(`benchmark ${bench.index} of ${bench.of}, concurrency ${bench.concurrency}`, 'warn')]
      : [],
    ...(ready === undefined ? [] : addressParts(ready, columns)),
  ];
}

function addressParts({ model, url }: NonNullable<RunState['ready']>, columns: number): readonly Line[] {
  const both = `${model} at ${url}`;
  return (widthOf(both) <= columns ? [both] : [url, model]).map((text) => [piece(text, 'dim')]);
}

function ratesParts({ load, history }: LiveState, now: number): readonly Line[] {
  const rates = meanOf(history, RECENT, now);
  if (load === undefined || rates === undefined) return [[piece('no measurements yet', 'dim')]];
  const { running, queued } = load;
  return [
    figure(rounded(rates.outputTokensPerSecond), 'tok/s out'),
    figure(rounded(rates.inputTokensPerSecond), 'in'),
    figure(rounded(rates.requestsPerSecond), 'req/s'),
    figure(rounded(running), queued > 0 ? `under way, ${queued} before 1st token` : 'under way'),
    rates.failedPerSecond > 0 ? [piece(`${rounded(rates.failedPerSecond)} failed/s`, 'bad')] : [],
  ];
}

const figure = (value: string, unit: string): Line => [piece(value, 'bold'), piece(` ${unit}`, 'dim')];

function sparkLine({ history }: LiveState, now: number, columns: number): Line {
  const width = Math.min(120, Math.max(10, columns - 46));
  const values = columnsOf(history, width, COLUMN, now);
  const most = Math.max(0, ...values.map((value) => value ?? 0));
  const minute = meanOf(history, 60_000, now);
  return [
    piece(sparkline(values), 'good'),
    piece(
      `  ${elapsed(width * COLUMN)}, at most ${rounded(most)}${minute ? `, 1 min ${rounded(minute.outputTokensPerSecond)}` : ''}`,
      'dim',
    ),
  ];
}

function latencyParts({ load }: LiveState): readonly Line[] {
  const { ttft, itl } = load ?? {};
  if (!ttft && !itl) return [[piece('no tokens lately', 'dim')]];
  return [quantileLine('TTFT', ttft), quantileLine('ITL', itl)];
}

function quantileLine(name: string, quantiles: Quantiles | undefined): Line {
  if (quantiles === undefined) return [];
  const { p50, p90, p99 } = quantiles;
  return [
    piece(`${name} `, 'dim'),
    piece(latency(p50), 'bold'),
    piece(`  p90 ${latency(p90)}  p99 ${latency(p99)}`),
  ];
}

/** What the sources say, side by side in as many lines as they need; those that are missing with the reason. */
function sourceLines(state: LiveState, columns: number): readonly Line[] {
  const ending = state.run.teardown !== undefined || state.run.verdict !== undefined;
  const shown = ending ? totalParts(state) : parts(state);
  const lines = flow(
    shown.map((part) => [part]),
    columns,
  );
  const missing = [...state.sources.values()].flatMap(({ source, state: word, via, reason }): Line[] =>
    !ending && reason !== '' && (word === 'missing' || via === 'recorded')
      ? [[piece(`${source}: ${reason}`, 'warn')]]
      : [],
  );
  const { signature, run } = state;
  const known = signature
    ? [[piece(`${signature.step} on ${signature.node}: ${signature.title}; ${signature.advice}`, 'bad')]]
    : [];
  const stalled = run.stalled ? [[piece(run.stalled.reason, 'bad')]] : [];
  return [...lines, ...stalled, ...known, ...missing].slice(0, MOST);
}

/** Lines at the foot; more would push the workers out of a short terminal. */
const MOST = 6;

function parts(state: LiveState): readonly Piece[] {
  const { instances, bus, health, sources } = state;
  const up = (source: 'etcd' | 'nats') => sources.get(source)?.state === 'up';
  return [
    ...(instances && up('etcd') ? [etcdPart(instances)] : []),
    ...(bus && up('nats') ? [piece(busText(bus), 'dim')] : []),
    ...(health?.frontends ?? []).map(({ step, state, instances: known }) => {
      const fine: Style = state === 'healthy' ? 'dim' : 'bad';
      return piece(`${step} ${state}${state === 'silent' ? '' : `, sees ${known}`}`, fine);
    }),
    ...totalParts(state),
  ];
}

function totalParts({ load }: LiveState): readonly Piece[] {
  if (load === undefined || load.totals.requests === 0) return [];
  const { requests, failed, outputTokens } = load.totals;
  return [
    piece(
      `${rounded(requests)} ${plural(requests, 'request')}, ${brief(outputTokens)} tok out since start`,
      'dim',
    ),
    ...(failed > 0 ? [piece(`${rounded(failed)} failed`, 'warn')] : []),
  ];
}

function etcdPart({ roles }: NonNullable<LiveState['instances']>): Piece {
  // More than there ought to be are those that died and are listed still.
  const complete = roles.every(({ have, want }) => have === want);
  const text = roles.map(({ role, have, want }) => `${role} ${have}/${want}`).join(', ');
  return piece(`etcd ${text}`, complete ? 'dim' : 'warn');
}

function busText({ jetstream, services, milliseconds }: NonNullable<LiveState['bus']>): string {
  const streams = jetstream && jetstream.streams > 0 ? `, ${count(jetstream.streams, 'stream')}` : '';
  const requests = services.reduce((sum, each) => sum + each.requests, 0);
  return `NATS ${milliseconds < 1 ? '<1' : Math.round(milliseconds)} ms${streams}${requests > 0 ? `, ${rounded(requests)} ${plural(requests, 'request')}` : ''}`;
}
