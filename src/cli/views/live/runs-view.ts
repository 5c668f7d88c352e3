import type { Sink } from '../../sink.ts';
import type { Screen } from '../screen.ts';
import { Canvas } from './canvas.ts';
import { type RunRow, runTable } from './run-table.ts';

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
