import { ENGINES } from './schema/sections.ts';
import type { ConfigMap, ConfigValue } from './yaml/tree.ts';

/** A layer whose `engine: NAME` is written out as the map that it is short for. */
export function engineWrittenOut(layer: ConfigMap): ConfigMap {
  const entry = layer.entries.get('engine');
  if (entry?.value.kind !== 'scalar' || entry.value.value === null) return layer;
  const type = { ...entry, value: entry.value };
  const value: ConfigMap = {
    kind: 'map',
    entries: new Map([['type', type]]),
    range: entry.value.range,
  };
  return { ...layer, entries: new Map(layer.entries).set('engine', { ...entry, value }) };
}

/** The engine that layers, lowest first, name together; undefined where none does. */
export function engineNamed(layers: readonly ConfigMap[]): string | undefined {
  return layers.map((layer) => engineType(engineWrittenOut(layer))).findLast((type) => type !== undefined);
}

/** The lower of two layers without the release of its engine, where the upper names another engine. */
export function withoutOtherEngine(lower: ConfigMap, upper: ConfigMap): ConfigMap {
  const engine = lower.entries.get('engine');
  const type = engineType(upper);
  if (engine?.value.kind !== 'map' || type === undefined || type === (engineType(lower) ?? ENGINES[0]))
    return lower;
  const entries = new Map(engine.value.entries);
  entries.delete('version');
  return {
    ...lower,
    entries: new Map(lower.entries).set('engine', { ...engine, value: { ...engine.value, entries } }),
  };
}

function engineType(layer: ConfigMap): string | undefined {
  const engine: ConfigValue | undefined = layer.entries.get('engine')?.value;
  const type = engine?.kind === 'map' ? engine.entries.get('type')?.value : undefined;
  return type?.kind === 'scalar' && typeof type.value === 'string' ? type.value : undefined;
}
