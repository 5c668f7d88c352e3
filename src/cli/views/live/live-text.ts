import { widthOf } from '../../../config/text/text-width.ts';
import { elapsed, latency, rounded } from '../../../format.ts';
import { plainText } from '../../../host/plain-text.ts';
import { MOCK_MARK } from '../../../observe/mock-engines.ts';
import type { Quantiles } from '../../../run/service-event.ts';
import type { RunState } from '../../../run/state.ts';
import { timeLeftText } from '../time-left.ts';
import { COLUMN, columnsOf, meanOf, RECENT, sparkline } from './history.ts';
import { isMock, type LiveState } from './live-state.ts';
import { sourceLines } from './source-text.ts';
import { flow, type Line, lineText, piece } from './span-line.ts';
import { stateWord } from './state-word.ts';
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
  if (load === undefined || rates === undefined) return [[piece('no figures yet', 'dim')]];
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
