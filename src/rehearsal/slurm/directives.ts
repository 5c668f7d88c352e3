/** What sbatch refuses in a script before it reads a single option; the message is its own, without `sbatch: `. */
export class ScriptError extends Error {}

/** Throws ScriptError for what is no batch script. */
export function checkScript(text: string): void {
  if (text === '') throw new ScriptError('error: Batch script is empty!');
  if (text.trim() === '') throw new ScriptError('error: Batch script contains only whitespace!');
  if (!text.startsWith('#!')) {
    throw new ScriptError(
      'error: This does not look like a batch script.  The first\n' +
        'error: line must start with #! followed by the path to an interpreter.\n' +
        'error: For instance: #!/bin/sh',
    );
  }
  if (text.includes('\r\n')) {
    throw new ScriptError(
      'error: Batch script contains DOS line breaks (\\r\\n)\nerror: instead of expected UNIX line breaks (\\n).',
    );
  }
  if (text.includes('\0'))
    throw new ScriptError(
      "error: The Slurm controller does not allow scripts that\nerror: contain a NULL character: '\\0'.",
    );
}

/**
 * The words of a script's `#SBATCH` lines. They count at column 0 and before the first line that is neither blank
 * nor a comment; in a line, an unquoted `#` ends the words, even inside one, and a backslash takes the next character as it
 * is, even between single quotes.
 */
export function directiveWords(text: string): readonly string[] {
  const words: string[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.startsWith('#SBATCH')) words.push(...lineWords(line.slice('#SBATCH'.length), index + 1));
    else if (/^\s*[^\s#]/.test(line)) break;
  }
  return words;
}

function lineWords(line: string, number: number): readonly string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (let index = 0; index < line.length; index += 1) {
    const character = line.charAt(index);
    if (character === '\\') {
      index += 1;
      word = (word ?? '') + line.charAt(index);
    } else if (quote !== '') {
      if (character === quote) quote = '';
      else word += character;
    } else if (character === '"' || character === "'") {
      quote = character;
      word ??= '';
    } else if (character === '#') {
      break;
    } else if (/\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      word = (word ?? '') + character;
    }
  }
  if (quote !== '') throw new ScriptError(`error: line ${number}: Unmatched \`${quote}\` in [${line}]`);
  if (word !== undefined) words.push(word);
  return words;
}
