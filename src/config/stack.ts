import { merge } from './layers.ts';
import { fieldAt, jobField } from './schema/field.ts';
import { unknownKey } from './schema/unknown-key.ts';
import { locate } from './yaml/locate.ts';
import type { Layer } from './yaml/parse.ts';
import { keyError, type Problem, warning } from './yaml/problem.ts';
import { quoted } from './yaml/source-range.ts';
import type { ConfigEntry, ConfigMap } from './yaml/tree.ts';

/** A layer that could be read. */
export type ReadLayer = Layer & { readonly root: ConfigMap };

/**
 * The layers that could be read, with the topology that they name or write together in the lowest, because a topology
 * comes below all of them.
 */
export function withOneTopology(
  lowest: ReadLayer,
  over: readonly Layer[],
): readonly [ReadLayer, ...ReadLayer[]] {
  const read = over.flatMap((layer) => (layer.root === undefined ? [] : [{ ...layer, root: layer.root }]));
  if (!read.some(({ root }) => root.entries.has('topology'))) return [lowest, ...read];
  const rest = ({ root }: ReadLayer) => [...root.entries].filter(([key]) => key !== 'topology');
  const only = ({ root }: ReadLayer): ConfigMap => {
    const entry = root.entries.get('topology');
    return { ...root, entries: new Map(entry && [['topology', entry]]) };
  };
  const topology = [lowest, ...read].map(only).reduce(merge);
  const withEntries = (layer: ReadLayer, entries: Iterable<readonly [string, ConfigEntry]>): ReadLayer => ({
    ...layer,
    root: { ...layer.root, entries: new Map(entries) },
  });
  // Where the file has it, if it has any, so that what is written out reads like the file.
  const places = new Map([...lowest.root.entries, ...topology.entries]);
  if (!topology.entries.has('topology')) places.delete('topology');
  return [withEntries(lowest, places), ...read.map((layer) => withEntries(layer, rest(layer)))];
}

/**
 * Layers that would change a part of a topology that is a name: of a published one, keys are overridden one by one, at the
 * top level. A variant may replace the name by a whole topology of its own.
 */
export function partsOfPreset(lowest: ReadLayer, over: readonly Layer[]): readonly Problem[] {
  const problems: Problem[] = [];
  let named: ConfigEntry | undefined;
  for (const { root } of [lowest, ...over]) {
    const entry = root?.entries.get('topology');
    if (root === undefined || entry === undefined) continue;
    const { value } = entry;
    const isPart = entry.path[0] === 'sweep' || root.range.file !== lowest.file;
    if (value.kind === 'map' && isPart && named?.value.kind === 'scalar') {
      const message = `cannot change a part of the published topology ${quoted(String(named.value.value))}`;
      const [key = 'KEY'] = value.entries.keys();
      const hint = `leave "topology." out: ${key} of the config overrides that of the topology`;
      problems.push({ ...keyError(['topology'], message, hint), tree: root });
    } else named = entry;
  }
  return problems;
}

/** A tree with layers over it, and what is wrong with those that remove what is not there. */
interface Stacked {
  readonly tree: ConfigMap;
  /** The layers without those that have nothing to remove: they would leave empty maps behind. */
  readonly applied: readonly ReadLayer[];
  readonly problems: readonly Problem[];
}

export function stack(tree: ConfigMap, layers: readonly ReadLayer[]): Stacked {
  const applied: ReadLayer[] = [];
  const problems: Problem[] = [];
  let current = tree;
  for (const layer of layers) {
    const path = layer.removes ? removedPath(layer.root) : [];
    if (path.length > 0 && locate(current, path).value === undefined) {
      problems.push(nothingThere(path, layer.root));
      continue;
    }
    current = merge(current, layer.root);
    applied.push(layer);
  }
  return { tree: current, applied, problems };
}

/**
 * A merged tree in which what a `null` took away is a `null` again, where `below`, which it will be laid over, has something
 * there.
 */
export function withNulls(tree: ConfigMap, below: ConfigMap): ConfigMap {
  const nulls = [...(tree.removed ?? [])].filter(([key]) => below.entries.has(key));
  const entries = [...tree.entries].map(([key, entry]): [string, ConfigEntry] => {
    const under = below.entries.get(key)?.value;
    const { value } = entry;
    const isMap = value.kind === 'map' && under?.kind === 'map';
    return [key, isMap ? { ...entry, value: withNulls(value, under) } : entry];
  });
  return { ...tree, entries: new Map([...entries, ...nulls]) };
}

/** The path of the only key of a layer. */
function removedPath(root: ConfigMap): readonly string[] {
  const [first] = root.entries;
  if (first === undefined) return [];
  const [key, { value }] = first;
  return value.kind === 'map' ? [key, ...removedPath(value)] : [key];
}

function nothingThere(path: readonly string[], tree: ConfigMap): Problem {
  const known = path.findIndex((_, index) => fieldAt(jobField, path.slice(0, index + 1)) === undefined);
  if (known < 0) return { ...warning(path, 'is not set, so there is nothing to remove'), tree };
  const { repair: _, ...problem } = unknownKey(jobField, path.slice(0, known), path[known] ?? '', []);
  return { ...problem, tree };
}
