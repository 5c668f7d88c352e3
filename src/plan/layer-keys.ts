import type { ResolveInput } from '../config/resolve.ts';
import type { Layer } from '../config/yaml/parse.ts';
import type { Problem } from '../config/yaml/problem.ts';
import type { SourceRange } from '../config/yaml/source-range.ts';
import type { ConfigEntry, ConfigMap, ConfigValue } from '../config/yaml/tree.ts';

/** A key of a layer that a job can do without. */
export interface Leaf {
  readonly path: readonly string[];
  readonly place: NonNullable<Problem['cause']>;
}
/** What comes over the topology and the cluster profile, lowest first. */
export function layersOf({ config, over = [] }: ResolveInput): readonly Layer[] {
  return [config, ...over];
}

/** The highest layer that has something at a place, from 1; what is not in it is in a file below the config. */
export function ranksOf(layers: readonly Layer[]): ReadonlyMap<string, number> {
  const ranks = new Map<string, number>();
  for (const [index, { root }] of layers.entries()) {
    if (root === undefined) continue;
    for (const [key, entry] of root.entries)
      for (const range of rangesOf(entry)) ranks.set(placeText(range), key === 'topology' ? 0 : index + 1);
  }
  return ranks;
}

function* rangesOf({ range, value }: ConfigEntry): Generator<SourceRange> {
  yield range;
  yield* rangesIn(value);
}

function* rangesIn(value: ConfigValue): Generator<SourceRange> {
  if (value.kind === 'map') for (const entry of value.entries.values()) yield* rangesOf(entry);
  else yield value.range;
  if (value.kind === 'list') for (const item of value.items) yield* rangesIn(item);
}

export const placeText = ({ file, line, column }: SourceRange): string => `${file}:${line}:${column}`;

/** A topology is no key of its own: all that it has is below the config. */
const LOWER: readonly string[] = ['topology', 'cluster', 'name'];

export function leavesOf(layer: Layer | undefined): readonly Leaf[] {
  return [...(layer?.root?.entries ?? [])]
    .filter(([key]) => !LOWER.includes(key))
    .flatMap(([key, entry]) => leavesAt([key], entry, layer?.removes === true));
}

function leavesAt(path: readonly string[], { range, path: written, value }: ConfigEntry, removes: boolean) {
  if (value.kind === 'map' && value.entries.size > 0)
    return [...value.entries].flatMap(([key, entry]): readonly Leaf[] =>
      leavesAt([...path, key], entry, removes),
    );
  const at = value.kind === 'scalar' && !removes ? value.range : range;
  return [{ path, place: { range: at, path: written } }];
}

/** Without keys of a layer. */
export function withoutLeaves(input: ResolveInput, layer: number, leaves: readonly Leaf[]): ResolveInput {
  const { config, over = [] } = input;
  const trimmed = <T extends Layer>(one: T): T =>
    one.root ? { ...one, root: leaves.reduce((root, { path }) => withoutKey(root, path), one.root) } : one;
  if (layer === 0) return { ...input, config: trimmed(config) };
  return {
    ...input,
    // What only removes a key does nothing without it.
    over: over.flatMap((one, at) => (at !== layer - 1 ? [one] : one.removes ? [] : [trimmed(one)])),
  };
}

function withoutKey(map: ConfigMap, [key = '', ...rest]: readonly string[]): ConfigMap {
  const entries = new Map(map.entries);
  const entry = entries.get(key);
  if (entry?.value.kind === 'map' && rest.length > 0) {
    const value = withoutKey(entry.value, rest);
    if (value.entries.size > 0) entries.set(key, { ...entry, value });
    else entries.delete(key);
  } else entries.delete(key);
  return { ...map, entries };
}
