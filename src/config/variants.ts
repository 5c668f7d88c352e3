import { numbered } from './point-names.ts';
import { MOST_JOBS, type Point, sweepPoints } from './sweep.ts';
import type { Diagnostic } from './yaml/diagnostic.ts';
import { locateProblem } from './yaml/locate.ts';
import type { Layer, ParsedFile } from './yaml/parse.ts';
import { error, keyError, type Problem } from './yaml/problem.ts';
import { type ConfigPath, pathText, quoted, type SourceRange } from './yaml/source-range.ts';
import { type ConfigMap, type ConfigValue, plain } from './yaml/tree.ts';

/** One of the jobs that a config stands for. */
export interface Variant {
  /** Unique among those of its file: `mtp`, `mrr64`, `mtp-mrr64`. */
  readonly label: string;
  /** Its key under `variants`; absent where the file has a sweep alone. */
  readonly name?: string;
  /** What comes over the file, lowest first. */
  readonly layers: readonly Layer[];
  /** What it sets of its own, as `--set` would: `decode.args.max-running-requests=64`. */
  readonly changes: readonly string[];
}

/** A config's file, taken apart. */
export interface Expanded {
  /** The file's own keys, without `variants` and `sweep`. */
  readonly base: ParsedFile;
  /** Empty where the file stands for one job. */
  readonly variants: readonly Variant[];
  /** What is wrong with `variants` and `sweep` themselves. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Keys that make several jobs of a config. */
export const EXPANDING: readonly string[] = ['variants', 'sweep'];

/** What selects the file's own keys, and what all variants. */
export const BASE = 'base';
export const ALL = 'all';

/** Characters of a job's name. */
const LONGEST_NAME = 64;

type Report = (problem: Problem) => void;

/** The jobs of a config. `name`: in place of the file's, from which the names of the jobs are made. */
export function expandVariants(parsed: ParsedFile, name?: string): Expanded {
  const { root } = parsed;
  if (root === undefined || !EXPANDING.some((key) => root.entries.has(key)))
    return { base: parsed, variants: [], diagnostics: [] };
  const problems: Problem[] = [];
  const report: Report = (problem) => void problems.push(problem);
  const named = namedVariants(root, report);
  const swept = root.entries.get('sweep');
  const jobName = name ?? textAt(root, 'name');
  const longest = Math.max(0, ...(named ?? []).map((each) => each.name.length + 1));
  const room = LONGEST_NAME - (jobName?.length ?? 0) - 1 - longest;
  const points = swept && !isNull(swept.value) ? sweepPoints(swept.value, room, report) : undefined;
  const variants = pairsOf(named, points, report).map((pair) =>
    variantOf(parsed, pair, root, jobName, swept?.range ?? root.range, report),
  );
  const labels = numbered(variants.map(({ label }) => label));
  const unread = parsed.unread.filter(([key]) => !EXPANDING.includes(String(key)));
  return {
    base: { ...parsed, root: without(root, EXPANDING), unread },
    variants: variants.map((variant, index) => ({ ...variant, label: labels[index] ?? variant.label })),
    diagnostics: problems.map((problem) => locateProblem(problem, root, root)),
  };
}

/** A variant as the file has it. */
interface Named {
  readonly name: string;
  readonly range: SourceRange;
  readonly map: ConfigMap;
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;
const FOREIGN = 'belongs at the top level of the file, and holds for all variants';

/** Undefined where the file has none. */
function namedVariants(root: ConfigMap, report: Report): readonly Named[] | undefined {
  const given = root.entries.get('variants')?.value;
  if (given === undefined || isNull(given)) return undefined;
  if (given.kind !== 'map') {
    report(keyError(['variants'], `must be a map of names to keys of a config, not ${kindOf(given)}`));
    return [];
  }
  const named = [...given.entries].flatMap(([name, { range, value }]): readonly Named[] => {
    const path = ['variants', name];
    const fault = nameFault(name);
    if (fault !== undefined) report(keyError(path, fault));
    if (fault !== undefined) return [];
    if (isNull(value)) return [{ name, range, map: { kind: 'map', entries: new Map(), range } }];
    if (value.kind !== 'map') {
      report(error(path, `must be a map of keys of a config, not ${kindOf(value)}`));
      return [];
    }
    const foreign = [...EXPANDING, 'cluster'].filter((key) => value.entries.has(key));
    for (const key of foreign) report(keyError([...path, key], FOREIGN));
    return [{ name, range, map: without(value, foreign) }];
  });
  return given.entries.size === 0 ? undefined : named;
}

function nameFault(name: string): string | undefined {
  if (!NAME.test(name)) return 'a variant is named with letters, digits, dots, dashes and underscores';
  if (name === BASE) return `"${BASE}" selects the file's own keys; give this variant another name`;
  return name === ALL ? `"${ALL}" selects all variants; give this one another name` : undefined;
}

type Pair = readonly [Named | undefined, Point | undefined];

function pairsOf(
  named: readonly Named[] | undefined,
  points: readonly Point[] | undefined,
  report: Report,
): readonly Pair[] {
  if (named === undefined && points === undefined) return [];
  const pairs = (named ?? [undefined]).flatMap((one) =>
    (points ?? [undefined]).map((point): Pair => [one, point]),
  );
  if (pairs.length <= MOST_JOBS) return pairs;
  const jobs = named && points ? `${named.length} variants with ${points.length} points each` : 'these';
  const [key] = points ? ['sweep'] : ['variants'];
  report(keyError([key ?? ''], `${jobs} are ${pairs.length} jobs; a file stands for at most ${MOST_JOBS}`));
  return pairs.slice(0, 1);
}

/** `place`: of the key that a job's name comes from, where the file does not give it. */
function variantOf(
  parsed: ParsedFile,
  [variant, point]: Pair,
  root: ConfigMap,
  jobName: string | undefined,
  place: SourceRange,
  report: Report,
): Variant {
  const label = joined([variant?.name, point?.suffix]);
  const path = variant ? ['variants', variant.name] : ['sweep'];
  const given = variant?.map.entries.get('name');
  const own = variant && textAt(variant.map, 'name');
  const made = point?.name ?? joined(own === undefined ? [jobName, label] : [own, point?.suffix]);
  const maps = [...(variant ? [variant.map] : []), ...(point?.maps ?? [])];
  const changes = [
    ...(variant ? changesIn(variant.map, root, []) : []),
    ...(point?.maps ?? []).flatMap((map) => changesIn(map, undefined, [])),
  ];
  if (made.length > LONGEST_NAME && jobName !== undefined) {
    const message = `its job would be named ${quoted(made)}, with ${made.length} characters; the limit is ${LONGEST_NAME}`;
    report(keyError(path, message, 'choose a shorter name here, or at the top of the file'));
  }
  // Where a name is no text, or the file has none, the schema says so at its own place.
  const nameless =
    point?.name !== undefined || (own === undefined && (given !== undefined || jobName === undefined));
  const range = variant?.range ?? place;
  const value = { kind: 'scalar', value: made.slice(0, LONGEST_NAME), written: made, range } as const;
  const name: ConfigMap = { kind: 'map', entries: new Map([['name', { path, range, value }]]), range };
  const unread = parsed.unread.filter((one) => path.every((key, index) => one[index] === key));
  return {
    label,
    ...(variant && { name: variant.name }),
    layers: [...maps, ...(nameless ? [] : [name])].map((root, index) => ({
      file: parsed.file,
      root,
      diagnostics: [],
      unread: variant && index === 0 ? unread.map((one) => one.slice(path.length)) : [],
    })),
    changes,
  };
}

/** Every value that a map sets, as `--set` would; not those that `base` has, too, which anchors may repeat. */
function changesIn(map: ConfigMap, base: ConfigMap | undefined, path: ConfigPath): readonly string[] {
  return [...map.entries].flatMap(([key, { value }]) => {
    const [at, below] = [[...path, key], base?.entries.get(key)?.value];
    if (value.kind === 'map' && value.entries.size > 0)
      return changesIn(value, below?.kind === 'map' ? below : undefined, at);
    const [text, before] = [valueText(value), below && valueText(below)];
    return text === before ? [] : [`${pathText(at)}=${text}`];
  });
}

function valueText(value: ConfigValue): string {
  if (value.kind !== 'scalar') return JSON.stringify(plain(value));
  return value.value === null ? 'null' : value.written || '""';
}

function without(map: ConfigMap, keys: readonly string[]): ConfigMap {
  return { ...map, entries: new Map([...map.entries].filter(([key]) => !keys.includes(key))) };
}

function joined(parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined && part !== '').join('-');
}

function textAt(map: ConfigMap, key: string): string | undefined {
  const value = map.entries.get(key)?.value;
  return value?.kind === 'scalar' && typeof value.value === 'string' ? value.value : undefined;
}

const isNull = (value: ConfigValue): boolean => value.kind === 'scalar' && value.value === null;

const kindOf = ({ kind }: ConfigValue): string => (kind === 'scalar' ? 'a single value' : `a ${kind}`);
