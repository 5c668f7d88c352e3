import { stripVTControlCharacters } from 'node:util';

/** What a terminal shows in the end of a Canvas, whose cursor goes up by whole lines and writes a changed line whole. */
export function drawn(text: string): string {
  const lines: string[] = [];
  let row = 0;
  for (const part of text.split(/(\u001b\[\d+F|\u001b\[J|\n)/)) {
    const up = /^\u001b\[(\d+)F$/.exec(part)?.[1];
    if (up !== undefined) row -= Number(up);
    else if (part === '\u001b[J') lines.length = row;
    else if (part === '\n') row += 1;
    else {
      const shown = stripVTControlCharacters(part);
      if (shown !== '') lines[row] = shown;
    }
  }
  return lines.map((line) => `${line}\n`).join('');
}
