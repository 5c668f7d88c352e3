import { widthOf } from '../../../config/text/text-width.ts';
import { elapsed } from '../../../format.ts';
import { plainText } from '../../../host/plain-text.ts';
import { fitted } from '../../wrap.ts';
import type { Stage } from '../run-stages.ts';
import type { Screen } from '../screen.ts';
import { Canvas } from './canvas.ts';
import { lineText, type Piece, piece } from './span-line.ts';

/** Milliseconds between redraws: the spinner turns, and elapsed times go on. */
const TICK = 100;
const SPINNER = '⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏';
/** Columns that the icon, the indentation and the gaps of a line take, at most. */
const BESIDE = 9;

/** A step list at the bottom of a terminal. */
export class Board {
  readonly #screen: Screen;
  readonly #canvas: Canvas;
  readonly #ticker: NodeJS.Timeout;
  #stages: readonly Stage[];
  #frame = 0;

  constructor(stages: readonly Stage[], screen: Screen) {
    this.#stages = stages;
    this.#screen = screen;
    this.#canvas = new Canvas(screen.out, () => this.#size().columns);
    this.#ticker = setInterval(() => this.#draw(), TICK);
    this.#draw();
  }

  /** Shown with the next redraw: what a run has been through comes all at once. */
  update(stages: readonly Stage[]): void {
    this.#stages = stages;
  }

  /** Leaves the whole list on the terminal. What is not over by now is shown as left off. */
  close(): void {
    clearInterval(this.#ticker);
    this.#stages = this.#stages.map(leftOff);
    this.#canvas.draw(this.#lines());
    this.#canvas.close();
  }

  #size(): { readonly columns: number; readonly rows: number } {
    const { columns, rows = 24, size = () => ({ columns, rows }) } = this.#screen;
    return size();
  }

  /** A list that is too long for the terminal loses its top. */
  #draw(): void {
    this.#frame += 1;
    this.#canvas.draw(this.#lines().slice(1 - this.#size().rows));
  }

  #lines(stages: readonly Stage[] = this.#stages, indent = ''): readonly string[] {
    const { columns } = this.#size();
    const now = this.#screen.now().getTime();
    return stages.flatMap((stage) => {
      const { status, children = [] } = stage;
      const line = [piece(indent), this.#icon(stage), piece(` ${stageText(stage, columns, now)}`)];
      // What belongs to a heading is shown once it has begun.
      const below = status === 'waiting' ? [] : this.#lines(children, `${indent}  `);
      return [lineText(line, columns, this.#screen.color ?? false), ...below];
    });
  }

  #icon({ status, children }: Stage): Piece {
    const isHeading = children !== undefined && children.length > 0;
    if (isHeading && (status === 'failed' || status === 'skipped')) return piece('⚠', 'warn');
    const frame = SPINNER[this.#frame % SPINNER.length] ?? '';
    return {
      waiting: piece('◼', 'dim'),
      active: piece(isHeading ? '❯' : frame, 'warn'),
      done: piece('✔', 'good'),
      failed: piece('✖', 'bad'),
      skipped: piece('↓', 'warn'),
    }[status];
  }
}

function leftOff(stage: Stage): Stage {
  const { status, children } = stage;
  const over = status === 'waiting' || status === 'active' ? 'skipped' : status;
  return { ...stage, status: over, ...(children && { children: children.map(leftOff) }) };
}

/** `prefill workers  2/4  3.1 s`; where it does not fit, the note loses its end. */
function stageText({ title, note, from, to, status }: Stage, columns: number, now: number): string {
  const time = from === undefined || status === 'waiting' ? '' : elapsed((to ?? now) - from);
  const named = plainText(title);
  const room = columns - BESIDE - widthOf(named) - time.length;
  return [named, fitted(plainText(note), room), time].filter(Boolean).join('  ');
}
