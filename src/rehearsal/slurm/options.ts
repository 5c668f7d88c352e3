/** One option of a Slurm program; `value` as in getopt_long. */
export interface OptionSpec {
  readonly name: string;
  readonly short?: string;
  readonly value: 'none' | 'required' | 'optional';
}

export interface ParsedOptions {
  /** By long name, in the order given; '' for an option without a value. */
  readonly given: readonly (readonly [name: string, value: string])[];
  readonly operands: readonly string[];
}

/** What getopt_long prints, without the program's name. */
export class OptionError extends Error {}

/** `account A:`, `export-file :`, `exclusive ?`, `hold H` in a table: a colon for a value, `?` for an optional one. */
export function optionTable(...lists: readonly string[]): readonly OptionSpec[] {
  return lists.flatMap((list) =>
    list
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '')
      .map((line) => {
        const [, name = '', short = '', mark = ''] = /^(\S+)(?: ([A-Za-z])?([:?])?)?$/.exec(line) ?? [];
        const value = mark === ':' ? 'required' : mark === '?' ? 'optional' : 'none';
        return { name, value, ...(short && { short }) };
      }),
  );
}

/**
 * Reads words as getopt_long does: `--opt=value`, `--opt value`, `-ovalue`, `-o value`, unique abbreviations, `--`.
 * With `mixed`, operands may stand between options; otherwise the first one ends them. Throws OptionError.
 */
export function parseOptions(
  words: readonly string[],
  table: readonly OptionSpec[],
  { mixed = false } = {},
): ParsedOptions {
  const given: [string, string][] = [];
  const operands: string[] = [];
  let index = 0;
  const take = (): string | undefined => words[index++];
  for (let word = take(); word !== undefined; word = take()) {
    if (word === '--') break;
    if (word.startsWith('--')) given.push(longOption(word, table, take));
    else if (/^-./.test(word)) given.push(...shortOptions(word, table, take));
    else {
      operands.push(word);
      if (!mixed) break;
    }
  }
  return { given, operands: [...operands, ...words.slice(index)] };
}

function longOption(
  word: string,
  table: readonly OptionSpec[],
  take: () => string | undefined,
): [string, string] {
  const [, name = '', value] = /^--([^=]*)(?:=(.*))?$/s.exec(word) ?? [];
  const spec = table.find((option) => option.name === name) ?? abbreviated(name, word, table);
  if (spec.value === 'none' && value !== undefined) {
    throw new OptionError(`option '--${spec.name}' doesn't allow an argument`);
  }
  if (spec.value !== 'required' || value !== undefined) return [spec.name, value ?? ''];
  const next = take();
  if (next === undefined) throw new OptionError(`option '--${spec.name}' requires an argument`);
  return [spec.name, next];
}

function abbreviated(name: string, word: string, table: readonly OptionSpec[]): OptionSpec {
  const matches = table.filter((option) => option.name.startsWith(name));
  const [only] = matches;
  if (only && matches.length === 1) return only;
  if (matches.length === 0) throw new OptionError(`unrecognized option '${word}'`);
  const possible = matches.map((option) => ` '--${option.name}'`).join('');
  throw new OptionError(`option '${word}' is ambiguous; possibilities:${possible}`);
}

/** `-N2`, `-N 2`, `-Qlo file`. */
function shortOptions(
  word: string,
  table: readonly OptionSpec[],
  take: () => string | undefined,
): [string, string][] {
  const given: [string, string][] = [];
  for (let rest = word.slice(1); rest !== ''; ) {
    const letter = rest.charAt(0);
    rest = rest.slice(1);
    const spec = table.find((option) => option.short === letter);
    if (!spec) throw new OptionError(`invalid option -- '${letter}'`);
    if (spec.value === 'none') {
      given.push([spec.name, '']);
      continue;
    }
    const value = rest !== '' || spec.value === 'optional' ? rest : take();
    if (value === undefined) throw new OptionError(`option requires an argument -- '${letter}'`);
    given.push([spec.name, value]);
    break;
  }
  return given;
}
