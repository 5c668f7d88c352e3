/** The words of a line, as a shell would split it: quotes and backslashes keep what they hold together. */
export function splitWords(line: string): readonly string[] {
  const words: string[] = [];
  let word: string | undefined;
  for (const [part, single, double, escaped] of line.matchAll(PARTS)) {
    if (/^\s+$/.test(part)) {
      if (word !== undefined) words.push(word);
      word = undefined;
      continue;
    }
    const text = single ?? double?.replace(/\\(["\\$`])/g, '$1') ?? escaped ?? part;
    word = (word ?? '') + text;
  }
  if (word !== undefined) words.push(word);
  return words;
}

/** Space; text in single, then in double quotes; a character after a backslash; anything else. */
const PARTS = /\s+|'([^']*)'|"((?:\\.|[^"\\])*)"|\\(.)|[^\s'"\\]+|['"\\]/gs;
