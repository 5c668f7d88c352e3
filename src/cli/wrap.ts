import { widthOf } from '../config/text/text-width.ts';

/** What moves a cursor: such a line is drawn, not read. */
const MOVES = /\u001b\[[\d;?]*[A-Za-ln-z]/;
/** A quoted command or a word; quoted commands are broken only where they do not fit in a line. */
const WORDS = /`[^`\n]*`[^\s`]*|\S+/g;
/** Indentation, and a short label in a column of its own. */
const LABELLED = /^(\s*)((?:\S+ )?\S+ {2,})?/;
/** A line of source in a code frame. */
const FRAME = /^ *\d* \|/;

/**
 * The text with lines that are too wide broken between words; further lines stand below the line's text, behind its
 * indentation and label. A word that is wider than that, such as a path or URL, stays whole in a line of its own.
 */
export function wrapped(text: string, width: number): string {
  if (!Number.isFinite(width)) return text;
  return text
    .split('\n')
    .flatMap((line) => (widthOf(line) <= width ? [line] : wrappedLine(line, width)))
    .join('\n');
}

function wrappedLine(line: string, width: number): readonly string[] {
  if (MOVES.test(line) || FRAME.test(line)) return [line];
  const [head = '', space = ''] = LABELLED.exec(line) ?? [];
  const label = widthOf(head) <= width / 2 ? head : space;
  const hang = ' '.repeat(label === space ? Math.min(space.length + 2, width / 2) : widthOf(label));
  const lines = wordLines(line.slice(label.length), width - widthOf(label), width - hang.length);
  return lines.map((each, index) => `${index === 0 ? label : hang}${each}`.trimEnd());
}

/** The words of a text in lines of at most `width` columns; those after the first of at most `rest`. */
export function wordLines(text: string, width: number, rest = width): readonly string[] {
  return filled(wordsOf(text, rest), width, rest);
}

/** Words in lines of at most `width` columns, and of `rest` after the first; a longer word has a line of its own. */
export function filled(words: readonly string[], width: number, rest = width): readonly string[] {
  const lines: string[] = [];
  let room = width;
  for (const word of words) {
    const last = lines.at(-1);
    if (last !== undefined && widthOf(last) + 1 + widthOf(word) <= room)
      lines[lines.length - 1] = `${last} ${word}`;
    else {
      if (lines.length > 0) room = rest;
      lines.push(word);
    }
  }
  return lines.length === 0 ? [''] : lines;
}

/** Words of a text; a quoted command that fits is one. */
export function wordsOf(text: string, width: number): readonly string[] {
  return (text.match(WORDS) ?? []).flatMap((word) => (widthOf(word) <= width ? [word] : word.split(/\s+/)));
}

/** The text, or as many whole words as fit with `…` behind them. */
export function fitted(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  const words = text.split(' ');
  while (words.length > 0 && widthOf(words.join(' ')) + 2 > width) words.pop();
  if (words.length === 0) return width > 0 ? '…' : '';
  return `${words.join(' ').replace(/[,;: ]+$/, '')} …`;
}
