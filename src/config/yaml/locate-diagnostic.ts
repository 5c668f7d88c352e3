import type { Finding } from '../schema/schema-errors.ts';
import type { Diagnostic } from './diagnostic.ts';
import { locate } from './locate.ts';
import type { Problem } from './problem.ts';
import { pathText } from './source-range.ts';
import type { ConfigMap } from './tree.ts';

/**
 * Gives a problem its place: in the file that provided the path, or, where something is missing, in `home`, the file
 * that ought to provide it.
 */
export function locateProblem(problem: Problem | Finding, tree: ConfigMap, home: ConfigMap): Diagnostic {
  const { severity, path, at, message, hint, conceal } = problem;
  const related = 'related' in problem && problem.related ? locate(tree, problem.related) : undefined;
  const found = locate(tree, path, at);
  const astray = 'missing' in problem && found.range.file !== home.range.file;
  const { range, path: written } = astray ? { range: { ...home.range, length: 1 }, path } : found;
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

const MOST = 100;

/** In the order of the files given and of their lines, each said once, and no more than anyone reads. */
export function sortByPosition(
  diagnostics: readonly Diagnostic[],
  files: readonly string[],
): readonly Diagnostic[] {
  const unique = new Map(
    diagnostics.map((one) => [`${one.file}:${one.line}:${one.column} ${one.path} ${one.message}`, one]),
  );
  const sorted = [...unique.values()].sort(
    (a, b) => files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line || a.column - b.column,
  );
  const last = sorted[MOST - 1];
  if (sorted.length <= MOST || last === undefined) return sorted;
  const { hint: _, ...range } = last;
  const message = 'there are more problems; fix these first';
  return [...sorted.slice(0, MOST - 1), { ...range, path: '', message, severity: 'error' }];
}
