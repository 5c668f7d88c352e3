import type { ConfigEntry, ConfigMap } from '../../config/yaml/tree.ts';
import { isNull } from '../keys.ts';

/**
 * Lays an override over a base as srt-slurm does: maps merge key by key, lists and single values replace, and `null` deletes
 * the key, so that its default applies. What the base has no map for is taken as it is.
 */
export function overlay(base: ConfigMap, upper: ConfigMap): ConfigMap {
  const entries = new Map<string, ConfigEntry>(base.entries);
  for (const [key, entry] of upper.entries) {
    const below = entries.get(key);
    if (isNull(entry.value)) entries.delete(key);
    else if (entry.value.kind === 'map' && below?.value.kind === 'map')
      entries.set(key, { ...below, value: overlay(below.value, entry.value) });
    else entries.set(key, entry);
  }
  return { ...base, entries };
}
