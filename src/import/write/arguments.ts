import { argumentMap } from '../../config/schema/role.ts';
import { isSecretArgument, secretTexts } from '../../config/text/secret.ts';
import type { ConfigEntry, ConfigValue } from '../../config/yaml/tree.ts';
import { isNull, spelled } from '../keys.ts';
import { list, type MapBuilder, scalar } from '../tree.ts';
import type { Context } from './context.ts';
import { placed, placedTree } from './paths.ts';
import { jsonMap, modern } from './values.ts';

/** An argument of a recipe by its name with dashes. */
export interface Argument {
  readonly name: string;
  readonly entry: ConfigEntry;
}

/**
 * The arguments of a program, each once: srt-slurm passes them in the order of their names, so that of two spellings the one
 * with `_` counts. `null` passes nothing.
 */
export function argumentsOf(
  entries: readonly ConfigEntry[],
  { findings }: Pick<Context, 'findings'>,
): readonly Argument[] {
  const found = new Map<string, ConfigEntry>();
  for (const entry of entries) {
    const written = String(entry.path.at(-1));
    const name = written.replaceAll('_', '-');
    const twin = found.get(name);
    if (isNull(entry.value)) continue;
    if (twin !== undefined) {
      const wins = String(twin.path.at(-1)) > written ? twin : entry;
      const loses = wins === twin ? entry : twin;
      findings.note(
        loses,
        `is passed a second time as ${wins.path.at(-1)} on line ${wins.range.line}, and that one counts`,
      );
      found.set(name, wins);
      continue;
    }
    found.set(name, entry);
  }
  return [...found].map(([name, entry]) => ({ name, entry }));
}

/** Writes arguments that are the program's own business. Those whose names are no keys go into `words`. */
export function writeArguments(
  map: MapBuilder,
  given: readonly Argument[],
  context: Context,
  words: MapBuilder | undefined,
): void {
  const further: ConfigValue[] = [];
  for (const { name, entry } of given) {
    const value = argumentValue(name, entry, context);
    if (value === undefined) continue;
    const [fault] = argumentMap.safeParse({ [name]: 'x' }).error?.issues ?? [];
    if (fault === undefined) map.set(name, value, entry);
    else if (words !== undefined) further.push(...wordsOf(name, value));
    else context.findings.lose(entry, `--${name} is not a name of an argument that a config can have`);
  }
  if (further.length > 0 && words !== undefined)
    words.set('flags', list(further, further[0]?.range ?? context.recipe.place.range));
}

/** A value for `args`; undefined where it cannot be passed, which is then told. */
function argumentValue(name: string, entry: ConfigEntry, context: Context): ConfigValue | undefined {
  const { value } = entry;
  const { findings } = context;
  if (value.kind === 'map') return placedTree(value, entry, context);
  if (value.kind === 'list') {
    const odd = value.items.findIndex((item) => item.kind !== 'scalar' || item.value === null);
    if (odd < 0) return placedTree(value, entry, context);
    findings.lose(entry, `--${name} cannot be passed: item ${odd + 1} is not a single value`);
    return undefined;
  }
  if (typeof value.value !== 'string') return modern(value);
  if (isSecretArgument(name, value.value) || [...secretTexts(value.value)].length > 0) {
    findings.lose(
      entry,
      'looks like a secret, so it is not carried over',
      'every user of a node can read the arguments of its processes',
    );
    return undefined;
  }
  const map = jsonMap(value.value, value.range);
  return map === undefined
    ? scalar(placed(value.value, entry, context), value.range)
    : placedTree(map, entry, context);
}

/** An argument as words of a command line. */
function wordsOf(name: string, value: ConfigValue): readonly ConfigValue[] {
  if (value.kind === 'scalar' && value.value === false) return [];
  const flag = scalar(`--${name}`, value.range);
  if (value.kind === 'scalar')
    return value.value === true ? [flag] : [scalar(`--${name}=${spelled(value)}`, value.range)];
  if (value.kind === 'list')
    return [
      flag,
      ...value.items.map((item) => scalar(item.kind === 'scalar' ? spelled(item) : '', item.range)),
    ];
  return [flag];
}
