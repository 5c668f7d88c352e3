import { LineCounter } from 'yaml';

/** A range of text within one line of a file: 1-based line and column in UTF-16 units, and its length within that line. */
export interface SourceRange {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly length: number;
}

/** Keys and list positions from the root of a file. */
export type ConfigPath = readonly (string | number)[];

/** Finds the place of a stretch of text; what goes on into further lines is cut at the end of the first. */
export type RangeOf = (start: number, end: number) => SourceRange;

export function rangesIn(file: string, text: string): RangeOf {
  const lines = new LineCounter();
  lines.addNewLine(0);
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lines.addNewLine(at + 1);
  return (start, end) => {
    const from = Math.min(start, text.length);
    const { line, col } = lines.linePos(from);
    const nextLine = lines.lineStarts[line];
    const lineEnd = nextLine === undefined ? text.length : nextLine - 1;
    return { file, line, column: col, length: Math.max(1, Math.min(end, lineEnd) - from) };
  };
}

/** A path as people write it: `prefill.args.tp-size`, `mounts[0]`, `env["A=B"]`. */
export function pathText(path: ConfigPath): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    if (!/^[A-Za-z0-9_-]{1,64}$/.test(part)) return `${text}[${quoted(part)}]`;
    return text === '' ? part : `${text}.${part}`;
  }, '');
}

const LONGEST_QUOTE = 48;

/** A user's text inside a message: in quotes, clipped, with control characters spelt out. */
export function quoted(value: string): string {
  const clipped = value.length > LONGEST_QUOTE ? `${value.slice(0, LONGEST_QUOTE - 1)}…` : value;
  return JSON.stringify(clipped).replace(
    /[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
    spelt,
  );
}

function spelt(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
