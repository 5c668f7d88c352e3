import { widthOf } from '../../config/text/text-width.ts';
import { wordLines, wordsOf } from '../wrap.ts';
import { type Piece, paint, piece } from './live/span-line.ts';

export type Cell = string | Piece;

export interface TableOptions {
  /** Columns of the terminal; without a limit by default. */
  readonly width?: number;
  readonly color?: boolean;
  /** Names of columns that are left out, in this order, where not all have room in one line. */
  readonly expendable?: readonly string[];
}

interface Column {
  readonly name: string;
  readonly cells: readonly Piece[];
  readonly numeric: boolean;
  readonly width: number;
  /** Width of the widest word of the column, which is never cut. */
  readonly least: number;
}

/**
 * Rows as aligned columns, and no space at the ends of lines. Columns of numbers go to the right. Where a row is wider
 * than the terminal, expendable columns are left out, then a last column without a name goes below its row, then texts go on
 * below, and at last each row is a block with a line a column.
 */
export function table(
  header: readonly string[],
  rows: readonly (readonly Cell[])[],
  { width = Number.POSITIVE_INFINITY, color = false, expendable = [] }: TableOptions = {},
): string {
  const cellsAt = (index: number) => rows.map((row) => row[index] ?? '');
  let columns = header.map((name, index) => columnOf(name, cellsAt(index)));
  const widths = () => columns.map((each) => each.width);
  const fits = () => sumOf(widths(), GAP) <= width;
  for (const name of expendable) {
    if (fits()) break;
    columns = columns.filter((each) => each.name !== name);
  }
  const below = fits() || columns.at(-1)?.name !== '' ? undefined : columns.at(-1);
  if (below) columns = columns.slice(0, -1);
  for (const gap of [GAP, NARROW_GAP]) {
    const within = widthsWithin(columns, width, gap);
    if (within) return inColumns(columns, within, { rows: rows.length, gap, color, below, width });
  }
  if (below) columns = [...columns, below];
  return inBlocks(columns, rows.length, width, color);
}

const GAP = 2;
const NARROW_GAP = 1;

function columnOf(name: string, given: readonly Cell[]): Column {
  const cells = given.map((cell) => (typeof cell === 'string' ? piece(cell) : cell));
  const texts = [name, ...cells.map(({ text }) => text)];
  return {
    name,
    cells,
    numeric: cells.every(({ text }) => /^[\d.,:-]*$/.test(text)),
    width: Math.max(...texts.map(widthOf)),
    least: Math.max(...texts.flatMap((text) => cellWords(text).map(widthOf)), 1),
  };
}

/** A number and its unit stay together. */
const cellWords = (text: string): readonly string[] =>
  /^[\d.,]+ \S+$/.test(text) ? [text] : wordsOf(text, 0);

const sumOf = (widths: readonly number[], gap: number): number =>
  widths.reduce((sum, each) => sum + each, gap * Math.max(0, widths.length - 1));

/** Takes from the widest column that can give; undefined where they all have given what they can. */
function widthsWithin(columns: readonly Column[], width: number, gap: number): readonly number[] | undefined {
  const widths = columns.map((column) => column.width);
  while (sumOf(widths, gap) > width) {
    const gives = (each: number, index: number) => each > (columns[index]?.least ?? 0);
    const most = Math.max(...widths.filter(gives));
    const widest = widths.findLastIndex((each, index) => each === most && gives(each, index));
    if (widest < 0) return undefined;
    widths[widest] = most - 1;
  }
  return widths;
}

interface Layout {
  readonly rows: number;
  readonly gap: number;
  readonly color: boolean;
  /** A last column without a name: its texts stand below their rows. */
  readonly below: Column | undefined;
  readonly width: number;
}

function inColumns(
  columns: readonly Column[],
  widths: readonly number[],
  { rows, gap, color, below, width }: Layout,
): string {
  const lines = (cells: readonly Piece[], aligned: boolean): string => {
    const parts = cells.map(({ text }, index) => {
      const room = widths[index] ?? 0;
      return widthOf(text) <= room ? [text] : wordLines(text, room);
    });
    const height = Math.max(1, ...parts.map(({ length }) => length));
    return Array.from({ length: height }, (_, line) => {
      const padded = cells.map(({ style }, index) => {
        const text = parts[index]?.[line] ?? '';
        const space = ' '.repeat(Math.max(0, (widths[index] ?? 0) - widthOf(text)));
        const shown = color ? paint({ text, style }) : text;
        return aligned && columns[index]?.numeric ? space + shown : shown + space;
      });
      return `${padded.join(' '.repeat(gap)).trimEnd()}\n`;
    }).join('');
  };
  const head = columns.map(({ name }) => piece(name, 'dim'));
  const body = Array.from({ length: rows }, (_, row) => {
    const note = below?.cells[row] ?? piece('');
    const notes = note.text === '' ? [] : wordLines(note.text, width - GAP);
    return [
      lines(
        columns.map(({ cells }) => cells[row] ?? piece('')),
        true,
      ),
      ...notes.map((text) => `${' '.repeat(GAP)}${color ? paint({ ...note, text }) : text}\n`),
    ];
  });
  return [lines(head, rows > 0), ...body.flat()].join('');
}

/** A row as lines of a column's name and the value; rows are an empty line apart. */
function inBlocks(columns: readonly Column[], rows: number, width: number, color: boolean): string {
  const label = Math.max(...columns.map(({ name }) => widthOf(name))) + GAP;
  const line = (name: string, { text, style }: Piece): readonly string[] =>
    wordLines(text, width - label).map(
      (part, index) =>
        `${(index === 0 ? name : '').padEnd(label)}${color ? paint({ text: part, style }) : part}\n`,
    );
  const blocks = Array.from({ length: rows }, (_, row) =>
    columns.flatMap(({ name, cells }) => (cells[row]?.text ? line(name, cells[row]) : [])).join(''),
  );
  return blocks.join('\n');
}
