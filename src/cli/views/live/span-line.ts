import { widthOf } from '../../../config/text/text-width.ts';
import { styled } from '../../styled.ts';
import { fitted } from '../../wrap.ts';

/** How a piece of text looks; without colours it is the text that counts. */
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

function trimmed(line: Line): Line {
  const last = line.findLastIndex(({ text }) => text.trim() !== '');
  return line
    .slice(0, last + 1)
    .map((each, index) => (index === last ? { ...each, text: each.text.trimEnd() } : each));
}
