import type { ConfigEntry, ConfigMap, ConfigValue } from '../../config/yaml/tree.ts';
import type { Findings, Place } from '../finding.ts';

/**
 * The overrides that a `zip_override_*` stands for: its lists run in parallel, those of one item and single values are the
 * same in all. A list in a list is a list. Undefined where the lists do not fit, which is then told.
 */
export function unzip(zip: ConfigEntry, findings: Findings): readonly ConfigMap[] | undefined {
  if (zip.value.kind !== 'map') {
    findings.refuse(zip, 'must be a map of keys to override');
    return undefined;
  }
  const lists = [...listsIn(zip.value)];
  const empty = lists.find(({ length }) => length === 0);
  if (empty !== undefined) {
    findings.refuse(empty.place, 'is an empty list, so there is nothing to run in parallel');
    return undefined;
  }
  const longest = lists.reduce<(typeof lists)[number] | undefined>(
    (most, one) => (most === undefined || one.length > most.length ? one : most),
    undefined,
  );
  if (longest === undefined) {
    findings.refuse(
      zip,
      'has no list, so it stands for no variant',
      'name it override_NAME if it is one variant',
    );
    return undefined;
  }
  const other = lists.find(({ length }) => length !== 1 && length !== longest.length);
  if (other !== undefined) {
    const message = `has ${other.length} items, but ${longest.place.path.at(-1)} on line ${longest.place.range.line} has ${longest.length}`;
    findings.refuse(other.place, message, 'lists that run in parallel have one length, or one item');
    return undefined;
  }
  const { value } = zip;
  return Array.from({ length: longest.length }, (_, index) => itemsAt(value, index));
}

function* listsIn(map: ConfigMap): Generator<{ readonly length: number; readonly place: Place }> {
  for (const entry of map.entries.values()) {
    if (entry.value.kind === 'list') yield { length: entry.value.items.length, place: entry };
    else if (entry.value.kind === 'map') yield* listsIn(entry.value);
  }
}

function itemsAt(map: ConfigMap, index: number): ConfigMap {
  const entries = [...map.entries].map(([key, entry]): [string, ConfigEntry] => [
    key,
    { ...entry, value: valueAt(entry.value, index) },
  ]);
  return { ...map, entries: new Map(entries) };
}

function valueAt(value: ConfigValue, index: number): ConfigValue {
  if (value.kind === 'map') return itemsAt(value, index);
  if (value.kind === 'scalar') return value;
  return value.items[value.items.length === 1 ? 0 : index] ?? value;
}
