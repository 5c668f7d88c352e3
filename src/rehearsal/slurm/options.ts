import { parseArgs } from 'node:util';

/** Options by long name, '' for one without a value. The last of each counts. */
export type Options = ReadonlyMap<string, string>;

/**
 * Options up to the first operand, and the operands. A value follows its option behind `=`, which is how dyn-slurm writes
 * all of them. An option that the stand-in has no use for is as good as any.
 */
export function readOptions(words: readonly string[]): {
  readonly options: Options;
  readonly operands: readonly string[];
} {
  const { tokens } = parseArgs({ args: [...words], strict: false, allowPositionals: true, tokens: true });
  const end = tokens.find(({ kind }) => kind !== 'option');
  const options = tokens.flatMap((token) =>
    token.kind === 'option' && token.index < (end?.index ?? words.length)
      ? [[token.name, token.value ?? ''] as const]
      : [],
  );
  const operands = end ? words.slice(end.kind === 'option-terminator' ? end.index + 1 : end.index) : [];
  return { options: new Map(options), operands };
}

/** The words of a script's `#SBATCH` lines, which end at the first line that is neither blank nor a comment. */
export function directiveWords(script: string): readonly string[] {
  const lines = script.split('\n');
  const end = lines.findIndex((line) => /^\s*[^\s#]/.test(line));
  return lines
    .slice(0, end < 0 ? lines.length : end)
    .filter((line) => line.startsWith('#SBATCH'))
    .flatMap((line) => lineWords(line.slice('#SBATCH'.length)));
}

/**
 * Quotes of either kind hold a word together, a backslash takes the next character as it is, in quotes too, and an
 * unquoted `#` ends the words, even inside one (`_get_argument` of sbatch's opt.c).
 */
function lineWords(line: string): readonly string[] {
  return [...line.matchAll(/(?:[^\s"'\\#]|\\.|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')+|#.*/g)]
    .map(([word]) => word)
    .filter((word) => !word.startsWith('#'))
    .map((word) =>
      word.replaceAll(
        /\\(.)|"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'/g,
        (_, escaped?: string, double?: string, single?: string) =>
          escaped ?? (double ?? single ?? '').replaceAll(/\\(.)/g, '$1'),
      ),
    );
}
