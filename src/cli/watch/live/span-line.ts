/** How a piece of text looks; without colours it is the text that counts. */
export type Style = 'plain' | 'dim' | 'bold' | 'good' | 'warn' | 'bad';

export interface Piece {
  readonly text: string;
  readonly style: Style;
}

/** A line of the view, before it is cut and painted. */
export type Line = readonly Piece[];

export const piece = (text: string, style: Style = 'plain'): Piece => ({ text, style });

const CODES: Readonly<Record<Style, readonly [number, number] | undefined>> = {
  plain: undefined,
  dim: [2, 22],
  bold: [1, 22],
  good: [32, 39],
  warn: [33, 39],
  bad: [31, 39],
};

/** The line as a terminal gets it: no wider than `columns`, with no spaces at its end. */
export function lineText(line: Line, columns: number, color: boolean): string {
  return trimmed(cut(trimmed(line), columns))
    .map(({ text, style }) => {
      const [on, off] = CODES[style] ?? [];
      return color && on !== undefined && text !== '' ? `\u001b[${on}m${text}\u001b[${off}m` : text;
    })
    .join('');
}

function cut(line: Line, columns: number): Line {
  let room = columns;
  const kept: Piece[] = [];
  for (const { text, style } of line) {
    const characters = [...text];
    if (characters.length <= room) {
      kept.push({ text, style });
      room -= characters.length;
      continue;
    }
    if (room > 0) kept.push({ text: `${characters.slice(0, room - 1).join('')}…`, style });
    break;
  }
  return kept;
}

function trimmed(line: Line): Line {
  const last = line.findLastIndex(({ text }) => text.trim() !== '');
  return line
    .slice(0, last + 1)
    .map((each, index) => (index === last ? { ...each, text: each.text.trimEnd() } : each));
}
