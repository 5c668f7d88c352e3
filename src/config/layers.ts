import type { ConfigEntry, ConfigMap, ConfigValue } from './yaml/tree.ts';

/**
 * Lays `upper` over `lower`: maps merge key by key, everything else replaces, and `null` removes a key. What was
 * removed is remembered, so that a key that must not be empty is reported where it was emptied.
 */
export function merge(lower: ConfigMap, upper: ConfigMap): ConfigMap {
  return mergeMaps(lower, upper, false);
}

/** `json`: inside the value of an argument, which becomes JSON and where `null` is a value. */
function mergeMaps(lower: ConfigMap, upper: ConfigMap, json: boolean, owner = ''): ConfigMap {
  const entries = new Map(lower.entries);
  const removed = new Map(lower.removed);
  for (const [key, entry] of upper.entries) {
    const below = entries.get(key);
    if (!json && isNull(entry.value)) {
      entries.delete(key);
      removed.set(key, { ...entry, idle: below === undefined });
      continue;
    }
    removed.delete(key);
    const inJson = json || owner === 'args';
    entries.set(key, { ...entry, value: mergeValues(below?.value, entry.value, inJson, key) });
  }
  return { ...upper, entries, removed };
}

function mergeValues(
  lower: ConfigValue | undefined,
  upper: ConfigValue,
  json: boolean,
  key: string,
): ConfigValue {
  if (upper.kind !== 'map') return upper;
  const base: ConfigMap =
    lower?.kind === 'map' ? lower : { ...upper, entries: new Map<string, ConfigEntry>() };
  return mergeMaps(base, upper, json, key);
}

function isNull(value: ConfigValue): boolean {
  return value.kind === 'scalar' && value.value === null;
}
