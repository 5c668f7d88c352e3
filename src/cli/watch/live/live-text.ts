import { plainText } from '../../../host/plain-text.ts';
import { MOCK_MARK } from '../../../observe/mock-engines.ts';
import type { Quantiles } from '../../../observe/service/quantiles.ts';
import { elapsed } from '../../time-text.ts';
import { milliseconds } from '../service-text.ts';
import { COLUMN, columnsOf, meanOf, RECENT, sparkline } from './history.ts';
import { isMock, type LiveState } from './live-state.ts';
import { count } from './number-text.ts';
import { sourceLines } from './source-text.ts';
import { type Line, lineText, type Piece, piece } from './span-line.ts';
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
    titleLine(name, state, now),
    ratesLine(state, now),
    sparkLine(state, now, columns),
    latencyLine(state),
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

function titleLine(name: string, state: LiveState, now: number): Line {
  const { ready, bench } = state.run;
  const { word, detail } = stateWord(state);
  const since = ready === undefined ? '' : `  up ${elapsed(now - Date.parse(ready.time))}`;
  return [
    piece(`${name}  `, 'bold'),
    ...(isMock(state) ? [piece(`${MOCK_MARK}  `, 'warn')] : []),
    detail ? { ...word, text: `${word.text}, ${detail}` } : word,
    piece(since),
    ...(bench && bench.state === 'begun'
      ? [piece(`  benchmark ${bench.index} of ${bench.of}, concurrency ${bench.concurrency}`, 'warn')]
      : []),
    piece(ready === undefined ? '' : `  ${ready.model} at ${ready.url}`, 'dim'),
  ];
}

function ratesLine({ load, history }: LiveState, now: number): Line {
  const rates = meanOf(history, RECENT, now);
  if (load === undefined || rates === undefined) return [piece('no figures yet', 'dim')];
  const { running, queued } = load;
  return [
    ...figure(count(rates.outputTokensPerSecond), 'tok/s out'),
    ...figure(count(rates.inputTokensPerSecond), 'in'),
    ...figure(count(rates.requestsPerSecond), 'req/s'),
    ...figure(count(running), queued > 0 ? `under way, ${queued} before 1st token` : 'under way'),
    ...(rates.failedPerSecond > 0 ? [piece(`${count(rates.failedPerSecond)} failed/s`, 'bad')] : []),
  ];
}

const figure = (value: string, unit: string): readonly Piece[] => [
  piece(value, 'bold'),
  piece(` ${unit}   `, 'dim'),
];

function sparkLine({ history }: LiveState, now: number, columns: number): Line {
  const width = Math.min(120, Math.max(10, columns - 46));
  const values = columnsOf(history, width, COLUMN, now);
  const most = Math.max(0, ...values.map((value) => value ?? 0));
  const minute = meanOf(history, 60_000, now);
  return [
    piece(sparkline(values), 'good'),
    piece(
      `  ${elapsed(width * COLUMN)}, at most ${count(most)}${minute ? `, 1 min ${count(minute.outputTokensPerSecond)}` : ''}`,
      'dim',
    ),
  ];
}

function latencyLine({ load }: LiveState): Line {
  const { ttft, itl } = load ?? {};
  if (!ttft && !itl) return [piece('no tokens lately', 'dim')];
  return [...latency('TTFT', ttft), ...latency('ITL', itl)];
}

function latency(name: string, quantiles: Quantiles | undefined): readonly Piece[] {
  if (quantiles === undefined) return [];
  const { p50, p90, p99 } = quantiles;
  return [
    piece(`${name} `, 'dim'),
    piece(milliseconds(p50), 'bold'),
    piece(`  p90 ${milliseconds(p90)}  p99 ${milliseconds(p99)}   `),
  ];
}
