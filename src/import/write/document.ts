import type { Comments } from '../../config/yaml/comments.ts';
import { emit } from '../../config/yaml/emit.ts';
import { type ConfigEntry, type ConfigMap, plain } from '../../config/yaml/tree.ts';
import { MapBuilder, same } from '../tree.ts';
import type { ImportedVariant } from '../variant.ts';
import { hasKey } from './context.ts';
import { difference } from './difference.ts';

/** A config file. */
export interface Document {
  /** The job's name: the file's name without an ending. */
  readonly name: string;
  readonly text: string;
}

/** What the files are made from besides the recipes. */
export interface Origin {
  readonly file: string;
  readonly commit?: string;
  readonly commentsOf: () => Comments;
}

type Whole = ImportedVariant & Required<Pick<ImportedVariant, 'recipe' | 'config'>>;

/**
 * The files of some variants: one with `variants`, where they are several and layers can express what they differ in. `stem`:
 * the name that theirs are made from, where they have no base.
 */
export function documentsOf(
  variants: readonly ImportedVariant[],
  base: ImportedVariant | undefined,
  origin: Origin,
  stem?: ConfigEntry,
): readonly Document[] {
  const whole = variants.filter((one): one is Whole => one.config !== undefined && one.recipe !== undefined);
  const joined = whole.length > 1 && hasKey('variants') ? inOne(whole, base, origin, stem) : undefined;
  if (joined !== undefined) return [joined];
  const names = new Map<string, number>();
  return whole.map((variant) => {
    const name = nameOf(variant.config);
    const count = names.get(name) ?? 0;
    names.set(name, count + 1);
    return {
      name: count === 0 ? name : `${name}-${count + 1}`,
      text: textOf(variant.config, [variant], origin),
    };
  });
}

function inOne(
  variants: readonly Whole[],
  base: ImportedVariant | undefined,
  origin: Origin,
  stem: ConfigEntry | undefined,
): Document | undefined {
  const common = withEngine(base?.config ?? shared(variants, stem), variants);
  const overlays = variants.map(({ config }) => difference(common, config));
  const [first] = variants;
  if (first === undefined || overlays.includes(undefined)) return undefined;
  const map = new MapBuilder(first.recipe.place);
  for (const [index, { suffix, recipe }] of variants.entries()) {
    const overlay = overlays[index];
    if (overlay !== undefined) map.set(variantName(suffix ?? String(index)), overlay, recipe.place);
  }
  const inner = map.build();
  if (inner.entries.size !== variants.length) return undefined;
  const variantsEntry: ConfigEntry = { path: ['variants'], range: first.recipe.place.range, value: inner };
  const root: ConfigMap = { ...common, entries: new Map([...common.entries, ['variants', variantsEntry]]) };
  return {
    name: nameOf(common),
    text: textOf(
      root,
      base?.config ? [{ ...first, ...base, suffix: undefined } as Whole, ...variants] : variants,
      origin,
    ),
  };
}

/** With the engine that all variants have, where the base by itself would have another one: its arguments are not theirs. */
function withEngine(common: ConfigMap, variants: readonly Whole[]): ConfigMap {
  const [engine, ...others] = variants.map(({ config }) => config.entries.get('engine'));
  if (engine === undefined || !others.every((one) => same(one?.value, engine.value))) return common;
  const rest = [...common.entries].filter(([key]) => key !== 'engine');
  const at = rest.findIndex(([key]) => key === 'name') + 1;
  return { ...common, entries: new Map(rest.toSpliced(at, 0, ['engine', engine])) };
}

/** What all variants have alike, and the name that theirs come from. */
function shared(variants: readonly Whole[], stem: ConfigEntry | undefined): ConfigMap {
  const common = variants.map(({ config }) => config).reduce(alike);
  if (stem === undefined) return common;
  return { ...common, entries: new Map([['name', stem], ...common.entries]) };
}

function alike(one: ConfigMap, other: ConfigMap): ConfigMap {
  const entries = [...one.entries].flatMap(([key, entry]): readonly [string, ConfigEntry][] => {
    const twin = other.entries.get(key)?.value;
    if (twin === undefined) return [];
    if (same(entry.value, twin)) return [[key, entry]];
    if (entry.value.kind !== 'map' || twin.kind !== 'map') return [];
    const value = alike(entry.value, twin);
    return value.entries.size === 0 ? [] : [[key, { ...entry, value }]];
  });
  return { ...one, entries: new Map(entries) };
}

function variantName(suffix: string): string {
  return suffix.replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[^A-Za-z0-9]+/, '') || 'variant';
}

export function nameOf(config: ConfigMap): string {
  const name = config.entries.get('name')?.value;
  return name?.kind === 'scalar' ? String(plain(name)) : 'recipe';
}

/** The file's text: where it comes from, what the recipe says of itself, its header, and the config with its comments. */
function textOf(config: ConfigMap, variants: readonly Whole[], { file, commit, commentsOf }: Origin): string {
  const comments = commentsOf();
  const [first] = variants;
  const selector = variants.length === 1 && first?.selector !== undefined ? `:${first.selector}` : '';
  const about = [...new Set(variants.flatMap(({ recipe }) => recipe.about))];
  const own = comments.header();
  const lines = [
    `Imported by dyn-slurm from ${file}${selector}${commit === undefined ? '' : `, commit ${commit}`}`,
    ...about,
    ...(own.length > 0 ? ['', ...own] : []),
  ];
  const header = lines.map((line) => (line === '' ? '#' : `# ${line}`)).join('\n');
  const remarksOf = (entry: ConfigEntry) => ({
    above: comments.above(entry),
    beside: comments.beside(entry),
  });
  return `${header}\n\n${emit(config, remarksOf)}`;
}
