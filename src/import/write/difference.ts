import { merge } from '../../config/layers.ts';
import { type ConfigEntry, type ConfigMap, type ConfigValue, plain } from '../../config/yaml/tree.ts';
import { same, scalar } from '../tree.ts';

/**
 * What has to be laid over `base` so that `variant` results, where `null` removes a key; undefined where layers cannot
 * express it: inside the value of an argument `null` is a value.
 */
export function difference(base: ConfigMap, variant: ConfigMap): ConfigMap | undefined {
  const found = between(base, variant, '');
  return equal(plain(merge(base, found)), plain(variant)) ? found : undefined;
}

function between(base: ConfigMap, variant: ConfigMap, owner: string): ConfigMap {
  const entries = new Map<string, ConfigEntry>();
  for (const [key, entry] of variant.entries) {
    const below = base.entries.get(key);
    if (below !== undefined && same(below.value, entry.value)) continue;
    entries.set(key, { ...entry, value: over(below?.value, entry.value, owner, key) });
  }
  for (const [key, entry] of base.entries)
    if (!variant.entries.has(key)) entries.set(key, { ...entry, value: scalar(null, entry.range) });
  return { ...variant, entries };
}

function over(below: ConfigValue | undefined, value: ConfigValue, owner: string, key: string): ConfigValue {
  if (below?.kind !== 'map' || value.kind !== 'map') return value;
  if (owner !== 'args') return between(below, value, key);
  // JSON of an argument: maps merge, and nothing in them can be removed, but a text replaces them.
  const gone = [...below.entries.keys()].some((one) => !value.entries.has(one));
  return gone ? scalar(JSON.stringify(plain(value)), value.range) : value;
}

/** JSON as a text and as a map are the same argument. */
function equal(one: unknown, other: unknown): boolean {
  if (typeof one === 'string' && typeof other === 'object' && other !== null)
    return one === JSON.stringify(other);
  if (typeof one !== 'object' || one === null || typeof other !== 'object' || other === null)
    return one === other;
  const [keys, others] = [Object.keys(one), Object.keys(other)];
  return (
    Array.isArray(one) === Array.isArray(other) &&
    keys.length === others.length &&
    keys.every((key) => Object.hasOwn(other, key) && equal((one as never)[key], (other as never)[key]))
  );
}
