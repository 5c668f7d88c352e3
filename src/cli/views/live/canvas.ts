import { widthOf } from '../../../config/text/text-width.ts';
import type { Sink } from '../../sink.ts';
import { draw } from '../../sink.ts';

const HIDE = '\u001b[?25l';
const SHOW = '\u001b[?25h';
/** What is between them a terminal that knows of it shows at once; others ignore it. */
const BEGIN = '\u001b[?2026h';
const END = '\u001b[?2026l';
const ERASE_BELOW = '\u001b[J';
const ERASE_REST = '\u001b[K';

/** Lines at the bottom of a terminal, redrawn in place; what is printed above them stays. */
export class Canvas {
  readonly #out: Sink;
  readonly #columns: () => number;
  #drawn: readonly string[] = [];
  #width = 0;
  #open = false;

  constructor(out: Sink, columns: () => number) {
    this.#out = out;
    this.#columns = columns;
  }

  /** Lines may not be wider than the terminal. Only those that changed are written. */
  draw(lines: readonly string[]): void {
    const resized = this.#columns() !== this.#width;
    if (!resized && same(lines, this.#drawn)) return;
    const start = this.#open ? '' : HIDE;
    draw(
      this.#out,
      `${BEGIN}${start}${resized ? this.#back() + ERASE_BELOW + whole(lines) : this.#over(lines)}${END}`,
    );
    this.#open = true;
    this.#drawn = lines;
    this.#width = this.#columns();
  }

  /** A text that stays, above the lines. */
  print(text: string): void {
    draw(this.#out, `${BEGIN}${this.#back()}${ERASE_BELOW}${text}${whole(this.#drawn)}${END}`);
  }

  /** `clear`: as if nothing had been drawn. */
  close({ clear = false } = {}): void {
    if (!this.#open) return;
    draw(this.#out, `${clear ? this.#back() + ERASE_BELOW : ''}${SHOW}`);
    this.#open = false;
    this.#drawn = [];
  }

  /** From below the lines to their first. A terminal that got narrower has wrapped them. */
  #back(): string {
    const columns = Math.max(1, this.#columns());
    const height = this.#drawn.reduce(
      (sum, line) => sum + Math.max(1, Math.ceil(widthOf(line) / columns)),
      0,
    );
    return height === 0 ? '' : `\u001b[${height}F`;
  }

  #over(lines: readonly string[]): string {
    const known = this.#drawn;
    const shared = Math.min(known.length, lines.length);
    const text = lines
      .map((line, index) => (index < shared && line === known[index] ? '\n' : `${line}${ERASE_REST}\n`))
      .join('');
    return `${this.#back()}${text}${lines.length < known.length ? ERASE_BELOW : ''}`;
  }
}

const whole = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');

const same = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((line, index) => line === b[index]);
