import { widthOf } from '../../../config/text/text-width.ts';
import { styled } from '../../styled.ts';
import { fitted } from '../../wrap.ts';

/** How a piece of text looks; without colors it is the text that counts. */
export type Style = 'plain' | 'dim' | 'bold' | 'good' | 'warn' | 'bad';

export interface Piece {
  readonly text: string;
  readonly style: Style;
}

/** A line of the view, before it is cut and painted. */
export type Line = readonly Piece[];

export const piece = (text: string, style: Style = 'plain'): Piece => ({ text, style });

const FORMATS = { dim: 'dim', bold: 'bold', good: 'green', warn: 'yellow', bad: 'red' } as const;

/** The line as a terminal gets it: no wider than `columns`, with no spaces at its end. */
export function lineText(line: Line, columns: number, color: boolean): string {
  return trimmed(cut(trimmed(line), columns))
    .map((each) => (color ? paint(each) : each.text))
    .join('');
}

/** With the codes of its style. */
export function paint({ text, style }: Piece): string {
  return style === 'plain' || text === '' ? text : styled(FORMATS[style], text);
}

/** Whole words only; `…` stands for what is left out. */
function cut(line: Line, columns: number): Line {
  let rest = fitted(line.map(({ text }) => text).join(''), columns);
  return line.map(({ text, style }, index) => {
    const part = index === line.length - 1 ? rest : rest.slice(0, text.length);
    rest = rest.slice(part.length);
    return { text: part, style };
  });
}

/** Parts two spaces apart, in as many lines as they need; a part that is wider than a line has one of its own. */
export function flow(parts: readonly Line[], columns: number): readonly Line[] {
  const lines: Piece[][] = [];
  let used = 0;
  for (const part of parts) {
    const width = part.reduce((sum, { text }) => sum + widthOf(text), 0);
    if (width === 0) continue;
    const last = lines.at(-1);
    if (last !== undefined && used + GAP.length + width <= columns) {
      last.push(piece(GAP), ...part);
      used += GAP.length + width;
    } else {
      lines.push([...part]);
      used = width;
    }
  }
  return lines;
}

const GAP = '  ';

/**
 * Rows of cells, padded to columns that are `gap` apart; those from `rightFrom` on go to the right. Where they are wider than
 * the terminal, columns of `expendable` are left out, in its order. `kept`: indices of the columns that are there.
 */
export function inColumns(
  rows: readonly Line[],
  columns: number,
  {
    gap = GAP.length,
    rightFrom,
    expendable,
  }: { readonly gap?: number; readonly rightFrom: number; readonly expendable: readonly number[] },
): { readonly lines: readonly Line[]; readonly kept: readonly number[]; readonly width: number } {
  const widthAt = (index: number) => Math.max(...rows.map((row) => widthOf(row[index]?.text ?? '')));
  const widths = (rows[0] ?? []).map((_, index) => widthAt(index) + gap);
  const kept = new Set(widths.keys());
  const total = () => [...kept].reduce((sum, index) => sum + (widths[index] ?? 0), 0);
  for (const index of expendable) if (total() - gap > columns) kept.delete(index);
  const padded = ({ text, style }: Piece, index: number): Piece => {
    const space = ' '.repeat(Math.max(0, (widths[index] ?? 0) - gap - widthOf(text)));
    return piece(`${index < rightFrom ? text + space : space + text}${' '.repeat(gap)}`, style);
  };
  const lines = rows.map((row) => [...kept].map((index) => padded(row[index] ?? piece(''), index)));
  return { lines, kept: [...kept], width: total() };
}

function trimmed(line: Line): Line {
  const last = line.findLastIndex(({ text }) => text.trim() !== '');
  return line
    .slice(0, last + 1)
    .map((each, index) => (index === last ? { ...each, text: each.text.trimEnd() } : each));
}
