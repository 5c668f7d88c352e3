import { hideSecrets } from '../text/secret.ts';
import { widthOf } from '../text/text-width.ts';

/** A line of source with the stretch that is meant, ready for a terminal. */
export interface CodeFrame {
  /** The line's number. */
  readonly gutter: string;
  readonly source: string;
  /** Blanks and carets, as wide as `source`. */
  readonly marks: string;
}

interface Stretch {
  readonly line: number;
  readonly column: number;
  readonly length: number;
  readonly conceal?: boolean;
}

/** Terminal columns of source that a frame shows at most. */
const WIDTH = 96;
/** Share of these that precedes the carets of a clipped line. */
const LEAD = 1 / 3;

/** `room`: columns that the source may take. */
export function codeFrame(
  { line, column, length, conceal = false }: Stretch,
  text: string,
  room = WIDTH,
): CodeFrame {
  const width = Math.max(16, Math.min(WIDTH, room));
  const whole = withoutSecrets(lineOf(text, line), column - 1);
  const { from, to } = clip(whole.length, column - 1, width);
  const start = Math.min(column - 1, whole.length);
  const end = Math.min(start + length, to);
  const before = neutral((from > 0 ? '…' : '') + whole.slice(from, start));
  const marked = conceal ? '•'.repeat(8) : neutral(whole.slice(start, end));
  const after = neutral(whole.slice(end, to) + (to < whole.length ? '…' : ''));
  const marks = `${' '.repeat(widthOf(before))}${'^'.repeat(Math.max(1, widthOf(marked)))}`;
  return { gutter: String(line), source: before + marked + after, marks };
}

/** Shows what has no shape of its own as one visible character, so that terminals obey nothing and carets stay true. */
export function neutral(text: string): string {
  return text
    .replace(/\t/g, '→')
    .replace(/[\u0000-\u001f]/g, (character) => String.fromCharCode(0x2400 + character.charCodeAt(0)))
    .replace(/\u007f/g, '\u2421')
    .replace(/[\u0080-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]|\p{Surrogate}/gu, '\ufffd');
}

/** Characters on both sides of the stretch in which secrets are looked for: the time that takes grows with their square. */
const NEAR = 2000;

/** A line without the secrets near a place; only what is near it is shown. */
function withoutSecrets(line: string, at: number): string {
  const [from, to] = [Math.max(0, at - NEAR), at + NEAR];
  return line.slice(0, from) + hideSecrets(line.slice(from, to)) + line.slice(to);
}

/** Without splitting the whole text, which may be large. */
function lineOf(text: string, line: number): string {
  let start = text.startsWith('\ufeff') ? 1 : 0;
  for (let passed = 1; passed < line; passed += 1) {
    const end = text.indexOf('\n', start);
    if (end === -1) return '';
    start = end + 1;
  }
  const end = text.indexOf('\n', start);
  return text.slice(start, end === -1 ? text.length : end).replace(/\r$/, '');
}

/** The stretch of a line that is shown. */
function clip(length: number, start: number, width: number): { readonly from: number; readonly to: number } {
  if (length <= width) return { from: 0, to: length };
  const from = Math.max(0, Math.min(start - Math.floor(width * LEAD), length - width));
  return { from, to: Math.min(length, from + width) };
}
