import type { SourceRange } from '../config/yaml/source-range.ts';
import type { ConfigEntry, ConfigMap, ConfigScalar, ConfigValue } from '../config/yaml/tree.ts';
import type { Place } from './finding.ts';

/**
 * Trees of imported configs. Their ranges and paths are those of the recipe, so that what the planner says of a value points
 * to where it came from.
 */

/** A scalar in the form in which it is written. */
export function scalar(
  value: ConfigScalar['value'],
  range: SourceRange,
  written = String(value),
): ConfigScalar {
  return { kind: 'scalar', value, written: value === null ? 'null' : written, range };
}

export function list(items: readonly ConfigValue[], range: SourceRange): ConfigValue {
  return { kind: 'list', items, range };
}

/** A place for what is made from several values, or moves away from its neighbors: their comments do not come along. */
export function apart({ range }: Place): Place {
  return { range, path: [] };
}

/** A map that is filled key by key, in order. */
export class MapBuilder {
  readonly #entries = new Map<string, ConfigEntry>();
  readonly #place: Place;

  constructor(place: Place) {
    this.#place = place;
  }

  /** Sets a key, made from a place of the recipe; without one, from the map's own. */
  set(key: string, value: ConfigValue | string | number | boolean, from: Place = this.#place): this {
    const made = typeof value === 'object' ? value : scalar(value, rangeOf(from));
    this.#entries.set(key, { path: from.path, range: from.range, value: made });
    return this;
  }

  /** Sets a key to a map, unless that is empty. */
  add(key: string, inner: MapBuilder, from: Place = this.#place): this {
    return inner.#entries.size === 0 ? this : this.set(key, inner.build(), from);
  }

  get(key: string): ConfigEntry | undefined {
    return this.#entries.get(key);
  }

  build(): ConfigMap {
    return { kind: 'map', entries: this.#entries, range: this.#place.range };
  }
}

/** The range of an entry's value where that is a scalar, else of its key. */
function rangeOf(place: Place): SourceRange {
  const { value } = place as Partial<ConfigEntry>;
  return value?.kind === 'scalar' ? value.range : place.range;
}

/** Whether two values are written alike. */
export function same(one: ConfigValue | undefined, other: ConfigValue | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  if (one.kind === 'scalar')
    return other.kind === 'scalar' && one.value === other.value && one.written === other.written;
  if (one.kind === 'list')
    return (
      other.kind === 'list' &&
      one.items.length === other.items.length &&
      one.items.every((item, index) => same(item, other.items[index]))
    );
  return (
    other.kind === 'map' &&
    one.entries.size === other.entries.size &&
    [...one.entries].every(([key, entry]) => same(entry.value, other.entries.get(key)?.value))
  );
}
