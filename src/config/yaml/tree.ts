import type { ConfigPath, SourceRange } from './source-range.ts';

/** What a YAML file holds, every key and value with its place. Aliases are expanded and merge keys merged. */
export type ConfigValue = ConfigScalar | ConfigList | ConfigMap;

export interface ConfigScalar {
  readonly kind: 'scalar';
  readonly value: string | number | boolean | null;
  /** The spelling in the file, without quotes: `1.10`, where the value is 1.1. */
  readonly written: string;
  readonly range: SourceRange;
}

interface ConfigList {
  readonly kind: 'list';
  readonly items: readonly ConfigValue[];
  readonly range: SourceRange;
}

export interface ConfigMap {
  readonly kind: 'map';
  readonly entries: ReadonlyMap<string, ConfigEntry>;
  readonly range: SourceRange;
  /** `null` is a value in it, and takes no key away. */
  readonly literal?: boolean;
  /** Keys that a `null` took away while layers were merged. */
  readonly removed?: ReadonlyMap<string, RemovedEntry>;
}

export interface ConfigEntry {
  /** From the root of its own file, as written there; may differ from its path in the merged job. */
  readonly path: ConfigPath;
  /** The range of the key. */
  readonly range: SourceRange;
  readonly value: ConfigValue;
  /** A path leads through it to a key of its map: it says nothing of the map itself. */
  readonly passed?: true;
}

interface RemovedEntry extends ConfigEntry {
  /** No layer below had the key. */
  readonly idle: boolean;
}

/** The bare values. Keys cannot reach a prototype: the reader refuses `__proto__`, `constructor` and `prototype`. */
export function plain(value: ConfigValue): unknown {
  switch (value.kind) {
    case 'scalar':
      return value.value;
    case 'list':
      return value.items.map(plain);
    case 'map':
      return Object.fromEntries([...value.entries].map(([key, entry]) => [key, plain(entry.value)]));
  }
}

/** Applies `change` to the map at a path of keys; the whole stays as it is where the path leads to no map. */
export function changedAt(
  map: ConfigMap,
  path: readonly string[],
  change: (map: ConfigMap) => ConfigMap,
): ConfigMap {
  const [key, ...rest] = path;
  if (key === undefined) return change(map);
  const entry = map.entries.get(key);
  if (entry?.value.kind !== 'map') return map;
  const value = changedAt(entry.value, rest, change);
  return { ...map, entries: new Map(map.entries).set(key, { ...entry, value }) };
}
