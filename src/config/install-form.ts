import { type ConfigMap, type ConfigValue, changedAt } from './yaml/tree.ts';

/** A layer whose `dynamo.install: true` is written out as a map, in which nothing differs from its defaults; `false` as null. */
export function installWrittenOut(layer: ConfigMap): ConfigMap {
  return changedAt(layer, ['dynamo'], (dynamo) => {
    const entry = dynamo.entries.get('install');
    if (entry?.value.kind !== 'scalar' || typeof entry.value.value !== 'boolean') return dynamo;
    const { range } = entry.value;
    const value: ConfigValue = entry.value.value
      ? { kind: 'map', entries: new Map(), range }
      : { kind: 'scalar', value: null, written: 'false', range };
    return { ...dynamo, entries: new Map(dynamo.entries).set('install', { ...entry, value }) };
  });
}
