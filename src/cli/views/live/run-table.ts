import { brief, latency, shortElapsed } from '../../../format.ts';
import { plainText } from '../../../host/plain-text.ts';
import { MOCK_MARK } from '../../../observe/mock-engines.ts';
import { isServing } from '../../../run/state.ts';
import type { Sink } from '../../sink.ts';
import type { Screen } from '../screen.ts';
import { timeLeftText } from '../time-left.ts';
import { Canvas } from './canvas.ts';
import { COLUMN, columnsOf, meanOf, RECENT, sparkline } from './history.ts';
import { isMock, type LiveState, readyCount, stateWord } from './live-state.ts';
import type { Frame } from './live-text.ts';
import { inColumns, type Line, lineText, type Piece, piece } from './span-line.ts';

export interface RunRow {
  readonly id: string;
  readonly live: LiveState;
  /** RFC 3339. */
  readonly submitted?: string | undefined;
}

/** Columns of a sparkline at most, and below which there is none. */
const WIDEST = 60;
const NARROWEST = 8;

const HEAD = ['run', 'state', 'for', 'workers', 'running', 'out/s', 'TTFT p50', 'ITL p50'] as const;

/** Several runs, a line each, and what they do together, as lines that fit. `now`: milliseconds since 1970. */
export function runTable(rows: readonly RunRow[], now: number, frame: Frame): readonly string[] {
  const { columns, color } = frame;
  // The head, the sum, and the cursor below.
  const room = Math.max(1, frame.rows - 3);
  const shown = rows.length > room ? foremost(rows, room - 1) : rows;
  const limited = shown.some(({ live }) => timeLeftText(live.run, now) !== '');
  const head = limited ? [...HEAD, 'limit'] : HEAD;
  const cells = [head.map((text) => piece(text, 'dim')), ...shown.map((row) => cellsOf(row, now))];
  // A run and its state are always there.
  const expendable = [...head.keys()].slice(2).reverse();
  const table = inColumns(cells, columns, { rightFrom: 2, expendable });
  const lines = table.lines.map((line, index) => [
    ...line,
    ...sparks(shown[index - 1]?.live, columns - table.width, now),
  ]);
  const left = rows.length - shown.length;
  const more: readonly Line[] = left > 0 ? [[piece(`and ${left} more`, 'dim')]] : [];
  return [...lines, ...more, sumLine(rows, now)].map((line) => lineText(line, columns, color));
}

/** Those that are not over yet, and of the others as many as fit, all in the order that they were given in. */
function foremost(rows: readonly RunRow[], room: number): readonly RunRow[] {
  const first = [...rows].sort((a, b) => Number(isOver(a)) - Number(isOver(b))).slice(0, Math.max(room, 0));
  return rows.filter((row) => first.includes(row));
}

const isOver = ({ live }: RunRow): boolean => live.run.verdict !== undefined;

function cellsOf(row: RunRow, now: number): readonly Piece[] {
  const { id, live, submitted } = row;
  const { word, since = submitted } = stateWord(live);
  const serves = isServing(live.run);
  const { running, ttft, itl } = (serves && live.load) || {};
  const rates = serves ? meanOf(live.history, RECENT, now) : undefined;
  return [
    piece(plainText(id), 'bold'),
    { ...word, text: plainText(isMock(live) ? `${word.text}, ${MOCK_MARK}` : word.text) },
    piece(since === undefined || isOver(row) ? '' : shortElapsed(now - Date.parse(since))),
    piece(isOver(row) ? '' : `${readyCount(live.workers)}/${live.workers.size}`),
    piece(running === undefined ? '' : brief(running)),
    piece(rates === undefined ? '' : brief(rates.outputTokensPerSecond), 'bold'),
    piece(ttft ? latency(ttft.p50) : ''),
    piece(itl ? latency(itl.p50) : ''),
    piece(timeLeftText(live.run, now)),
  ];
}

function sparks(live: LiveState | undefined, room: number, now: number): Line {
  if (live === undefined || room < NARROWEST || live.run.verdict) return [];
  return [piece(sparkline(columnsOf(live.history, Math.min(room, WIDEST), COLUMN, now)), 'good')];
}

function sumLine(rows: readonly RunRow[], now: number): Line {
  const serving = rows.filter(({ live }) => isServing(live.run));
  const output = serving.reduce(
    (sum, { live }) => sum + (meanOf(live.history, RECENT, now)?.outputTokensPerSecond ?? 0),
    0,
  );
  return [piece(`${serving.length} of ${rows.length} serving, ${brief(output)} tok/s out together`, 'dim')];
}

/** Milliseconds between redraws: what many runs say comes together. */
const TICK = 1000;

/** A table of several runs at the bottom of a terminal; lines that are written to `out` stay above it. */
export class RunsView {
  readonly out: Sink = { write: (text) => this.#print(text) };
  readonly #rows: readonly RunRow[];
  readonly #canvas: Canvas;
  readonly #draw: () => void;
  readonly #timers: readonly NodeJS.Timeout[];

  /** Undefined where there is no terminal. The rows are read again for each redraw. */
  static on(screen: Screen, rows: readonly RunRow[]): RunsView | undefined {
    return screen.size && new RunsView(rows, { ...screen, size: screen.size });
  }

  private constructor(
    rows: readonly RunRow[],
    { out, size, now, color = false }: Screen & Required<Pick<Screen, 'size'>>,
  ) {
    this.#rows = rows;
    this.#canvas = new Canvas(out, () => size().columns);
    this.#draw = () => this.#canvas.draw(runTable(this.#rows, now().getTime(), { ...size(), color }));
    // What the runs have been through comes all at once, and is drawn once.
    this.#timers = [setTimeout(this.#draw, 0), setInterval(this.#draw, TICK)];
  }

  #print(text: string): void {
    this.#draw();
    this.#canvas.print(text);
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#draw();
    this.#canvas.close();
  }
}
