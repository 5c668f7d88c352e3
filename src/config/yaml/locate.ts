import type { Diagnostic } from './diagnostic.ts';
import type { Problem } from './problem.ts';
import { type ConfigPath, pathText, type SourceRange } from './source-range.ts';
import type { ConfigMap, ConfigValue } from './tree.ts';

/** The position of a path of a tree in its file. */
export interface Location {
  readonly range: SourceRange;
  /** The path as that file spells it, followed by what it lacks. */
  readonly path: ConfigPath;
  /** The value at the whole path; absent where the tree does not reach it. */
  readonly value: ConfigValue | undefined;
  /** A `null` took the key away. */
  readonly removed: boolean;
}

/**
 * The place of a key or of its value. Maps and lists stand where their key does; what is missing, at the nearest key
 * above it, or at the start of the file.
 */
export function locate(root: ConfigMap, path: ConfigPath, at: 'key' | 'value' = 'value'): Location {
  let value: ConfigValue = root;
  let range: SourceRange = start(root);
  let known: ConfigPath = [];
  for (const [index, part] of path.entries()) {
    const step: Step | undefined = stepInto(value, part, [...known, part]);
    if (step === undefined) {
      const gone = value.kind === 'map' ? value.removed?.get(String(part)) : undefined;
      const last = index === path.length - 1;
      if (gone !== undefined && last)
        return { range: gone.range, path: gone.path, value: undefined, removed: true };
      return { range, path: [...known, ...path.slice(index)], value: undefined, removed: false };
    }
    const pointsAtValue = at === 'value' && step.value.kind === 'scalar' && index === path.length - 1;
    range = pointsAtValue ? step.value.range : step.key;
    known = step.path;
    value = step.value;
  }
  return { range, path: known, value, removed: false };
}

interface Step {
  readonly value: ConfigValue;
  /** The range of the key, or of the item of a list. */
  readonly key: SourceRange;
  readonly path: ConfigPath;
}

function stepInto(value: ConfigValue, part: string | number, path: ConfigPath): Step | undefined {
  if (value.kind === 'map') {
    const entry = value.entries.get(String(part));
    return entry && { value: entry.value, key: entry.range, path: entry.path };
  }
  const item = value.kind === 'list' ? value.items[Number(part)] : undefined;
  return item && { value: item, key: item.range, path };
}

function start({ range }: ConfigMap): SourceRange {
  return { ...range, length: 1 };
}

/**
 * Gives a problem its place: in the file that provided the path, or, where something is missing, in `home`, the file
 * that ought to provide it.
 */
export function locateProblem(problem: Problem, own: ConfigMap, home: ConfigMap): Diagnostic {
  const { severity, path, at, message, hint, conceal, missing, tree = own } = problem;
  const related = problem.related && locate(tree, problem.related);
  const found = locate(tree, path, at);
  // Of what no layer has, the highest of them says nothing.
  const nowhere = tree === own && !found.removed && !own.entries.has(String(path[0]));
  const astray = nowhere || (missing && !found.removed && found.range.file !== home.range.file);
  const { range, path: written } = astray ? { range: { ...home.range, length: 1 }, path } : found;
  if (problem.cause) return atCause(problem, problem.cause, { ...found, range, path: written });
  return {
    severity,
    ...range,
    path: pathText(written),
    message,
    ...(hint !== undefined && { hint }),
    ...(conceal && { conceal }),
    ...(related && { related: { ...related.range, path: pathText(related.path) } }),
  };
}

/** The cause says which key it spoils, and how. */
function atCause(
  { severity, message, hint, conceal }: Problem,
  cause: NonNullable<Problem['cause']>,
  { range, path, value }: Location,
): Diagnostic {
  const [from, to] = [pathText(cause.path), pathText(path)];
  const verb = value === undefined ? 'causes a problem at' : 'conflicts with';
  const there = value !== undefined && path.length > 0;
  return {
    severity,
    ...cause.range,
    path: from,
    message: path.length === 0 ? message : `${verb} ${to}: ${message}`,
    ...(hint !== undefined && { hint: there ? `${to}: ${hint}` : hint }),
    ...(conceal && { conceal }),
    ...(there && { related: { ...range, path: to, ...(conceal && { conceal }) } }),
  };
}

/** What was found in each of several variants, each thing said once, with the variants that it concerns. */
export function mergeDiagnostics(
  each: readonly { readonly label: string; readonly diagnostics: readonly Diagnostic[] }[],
  files: readonly string[],
): readonly Diagnostic[] {
  const found = new Map<string, { readonly one: Diagnostic; readonly labels: string[] }>();
  for (const { label, diagnostics } of each) {
    for (const one of diagnostics) {
      const known = found.get(keyOf(one));
      if (known) known.labels.push(label);
      else found.set(keyOf(one), { one, labels: [label] });
    }
  }
  const merged = [...found.values()].map(({ one, labels }) =>
    labels.length === each.length ? one : { ...one, variants: labels },
  );
  return sortByPosition(merged, files);
}

const keyOf = ({ file, line, column, path, message }: Diagnostic): string =>
  `${file}:${line}:${column} ${path} ${message}`;

const MOST = 100;

/** In the order of the files given and of their lines, each said once, and no more than anyone reads. */
export function sortByPosition(
  diagnostics: readonly Diagnostic[],
  files: readonly string[],
): readonly Diagnostic[] {
  const unique = new Map(diagnostics.map((one) => [keyOf(one), one]));
  const sorted = [...unique.values()].sort(
    (a, b) => files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line || a.column - b.column,
  );
  const last = sorted[MOST - 1];
  if (sorted.length <= MOST || last === undefined) return sorted;
  const { hint: _, ...range } = last;
  const message = 'there are more problems; fix these first';
  return [...sorted.slice(0, MOST - 1), { ...range, path: '', message, severity: 'error' }];
}
