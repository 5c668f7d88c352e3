import { type Arg, refText } from '../argument.ts';

const PLAIN = /^[A-Za-z0-9_@%+=:,./^-]+$/;

/** Quotes text as one word of bash that stands for exactly these characters. Throws on NUL, which no argument can hold. */
export function quote(text: string): string {
  if (text.includes('\u0000')) throw new Error('a word of a command cannot hold a NUL byte');
  return PLAIN.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** Quotes a planned word: literal text stays literal, run-time parts become expansions. */
export function quoteWord(word: Arg): string {
  if (typeof word === 'string') return quote(word);
  if (word.every((part) => typeof part === 'string')) return quote(word.join(''));
  return `"${word.map((part) => (typeof part === 'string' ? insideDoubleQuotes(part) : refText(part))).join('')}"`;
}

/** A command on one line, paste-safe. */
export function quoteCommand(words: readonly Arg[]): string {
  return words.map(quoteWord).join(' ');
}

/**
 * The words of a command, grouped as a person would break the lines: each long option with its values, and each of
 * several commands, which `:::` begins.
 * The first group is the program with whatever comes before its options.
 */
export function commandLines(words: readonly Arg[]): readonly (readonly Arg[])[] {
  const lines: Arg[][] = [[]];
  for (const word of words) {
    const start = typeof word === 'string' ? word : typeof word[0] === 'string' ? word[0] : '';
    if (start.startsWith('--') || start === ':::') lines.push([word]);
    else lines.at(-1)?.push(word);
  }
  return lines.filter((line) => line.length > 0);
}

/** A command as quoted lines of at most `width` columns, broken between words; a longer word has a line of its own. */
export function wrapCommand(words: readonly Arg[], width: number): readonly string[] {
  const lines: string[] = [];
  for (const word of words.map(quoteWord)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

function insideDoubleQuotes(text: string): string {
  if (text.includes('\u0000')) throw new Error('a word of a command cannot hold a NUL byte');
  return text.replace(/[\\"$`]/g, '\\$&');
}
