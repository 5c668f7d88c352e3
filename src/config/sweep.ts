import { type Assignment, type Swept, suffixesOf } from './point-names.ts';
import { count } from './text/plural.ts';
import { mapOf, readKeyPath } from './yaml/key-path.ts';
import { error, keyError, type Problem } from './yaml/problem.ts';
import type { ConfigPath } from './yaml/source-range.ts';
import type { ConfigEntry, ConfigMap, ConfigValue } from './yaml/tree.ts';

/** One choice of values for all swept keys. */
export interface Point {
  /** Unique: `mrr64`, `workers2-nodes4`. */
  readonly suffix: string;
  /** What it sets, a map for each key. */
  readonly maps: readonly ConfigMap[];
  /** A job's name, where that is swept. */
  readonly name?: string;
}

/** What is chosen together: a key's values, or those of several keys. */
type Dimension = readonly (readonly Assignment[])[];

type Report = (problem: Problem) => void;

/** Jobs of one file; points are counted before they are made. */
export const MOST_JOBS = 1000;
const MOST_POINTS = 10_000;

/** Every point of a sweep: keys with lists are a grid. `room`: characters that a suffix may have. */
export function sweepPoints(sweep: ConfigValue, room: number, report: Report): readonly Point[] {
  if (sweep.kind !== 'map') {
    report(keyError(['sweep'], 'must be a map of keys to lists of values'));
    return [];
  }
  const dimensions = [...sweep.entries].flatMap(([text, entry]): readonly Dimension[] => {
    if (text === 'zip') return zip(entry, report);
    if (text === 'list') return list(entry, report);
    const key = sweptKey(text, entry, report);
    const values = key && listAt(entry, report);
    return key && values ? [values.map((value, index) => [{ key, value, number: index + 1 }])] : [];
  });
  refuseTwins(dimensions, report);
  const size = dimensions.reduce((product, { length }) => product * length, 1);
  if (size > MOST_POINTS)
    report(keyError(['sweep'], `has ${size} points; a file stands for at most ${MOST_JOBS} jobs`));
  if (dimensions.length === 0 || size > MOST_POINTS) return [];
  const all = dimensions.reduce<readonly (readonly Assignment[])[]>(
    (points, dimension) => points.flatMap((point) => dimension.map((choice) => [...point, ...choice])),
    [[]],
  );
  const suffixes = suffixesOf(all, room);
  return all.map((assignments, index) => {
    const name = assignments.find(({ key }) => key.text === 'name')?.value;
    return {
      suffix: suffixes[index] ?? '',
      maps: assignments.map(mapAt),
      ...(name?.kind === 'scalar' && typeof name.value === 'string' && { name: name.value }),
    };
  });
}

/** Lists of one length: the first values together, then the second, … */
function zip({ path, value }: ConfigEntry, report: Report): readonly Dimension[] {
  if (value.kind !== 'map') {
    report(keyError(path, 'must be a map of keys to lists of one length'));
    return [];
  }
  const lists = [...value.entries].flatMap(([text, entry]) => {
    const key = sweptKey(text, entry, report);
    const values = key && listAt(entry, report);
    return key && values ? [{ key, values }] : [];
  });
  const [first, ...others] = lists;
  if (first === undefined) return [];
  const uneven = others.filter(({ values }) => values.length !== first.values.length);
  for (const { key, values } of uneven) {
    const message = `has ${count(values.length, 'value')}, but ${first.key.text} has ${first.values.length}; zip takes one of each at a time`;
    report({ ...keyError(key.entry.path, message), related: first.key.entry.path });
  }
  if (uneven.length > 0) return [];
  return [
    first.values.map((_, index) =>
      lists.flatMap(({ key, values }) => {
        const one = values[index];
        return one ? [{ key, value: one, number: index + 1 }] : [];
      }),
    ),
  ];
}

/** Maps of keys to values, each a choice. */
function list(entry: ConfigEntry, report: Report): readonly Dimension[] {
  const items = listAt(entry, report, 'write a map of keys to values for each job: [{decode.workers: 2}]');
  if (items === undefined) return [];
  return [
    items.flatMap((item, index) => {
      if (item.kind !== 'map') {
        report(error([...entry.path, index], 'must be a map of keys to values: {decode.workers: 2}'));
        return [];
      }
      const choice = [...item.entries].flatMap(([text, one]) => {
        const key = sweptKey(text, one, report);
        return key ? [{ key, value: one.value, number: index + 1 }] : [];
      });
      return [choice];
    }),
  ];
}

function listAt(
  { path, value }: ConfigEntry,
  report: Report,
  hint = 'write the values to try as a list: [64, 128]',
): readonly ConfigValue[] | undefined {
  if (value.kind === 'list' && value.items.length > 0) return value.items;
  report(error(path, value.kind === 'list' ? 'is an empty list' : 'must be a list', hint));
  return undefined;
}

function sweptKey(text: string, entry: ConfigEntry, report: Report): Swept | undefined {
  const keys = readKeyPath(text);
  const [first] = 'message' in keys ? [] : keys;
  if ('message' in keys) report(keyError(entry.path, keys.message, keys.hint));
  else if (['variants', 'sweep', 'cluster'].includes(first?.key ?? ''))
    report(keyError(entry.path, 'cannot be swept: it holds for the whole file'));
  else return { text, keys, entry };
  return undefined;
}

function refuseTwins(dimensions: readonly Dimension[], report: Report): void {
  const seen = new Map<string, ConfigPath>();
  for (const dimension of dimensions) {
    const keys = new Map(dimension.flat().map(({ key }) => [key.text, key.entry.path]));
    for (const [text, path] of keys) {
      const earlier = seen.get(text);
      if (earlier) report({ ...keyError(path, 'is swept already'), related: earlier });
      else seen.set(text, path);
    }
  }
}

function mapAt({ key: { keys, text, entry }, value }: Assignment): ConfigMap {
  const { range } = entry;
  // Of a key in quotes only the whole can be shown, for it may hold escapes.
  const exact = range.length === text.length;
  return mapOf(
    keys,
    value,
    ({ start, end }) => (exact ? { ...range, column: range.column + start, length: end - start } : range),
    () => entry.path,
  );
}
