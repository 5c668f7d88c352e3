import type { z } from 'zod';
import { locate } from '../yaml/locate.ts';
import { keyWarning, type Problem } from '../yaml/problem.ts';
import { type ConfigPath, pathText } from '../yaml/source-range.ts';
import { type ConfigEntry, type ConfigMap, changedAt, plain } from '../yaml/tree.ts';
import { type Field, fieldAt } from './field.ts';
import { describeIssues, MOST_PROBLEMS } from './schema-errors.ts';
import { unknownKey } from './unknown-key.ts';

export interface Validated<T> {
  /** Each with the tree in which it has its place; repairs change the tree from round to round. */
  readonly problems: readonly Problem[];
  /** The value that the user most likely meant; absent where there are errors that cannot be repaired. */
  readonly value: T | undefined;
  /** The tree of `value`. */
  readonly tree: ConfigMap;
}

const MOST_ROUNDS = 4;

/** Holds a tree against a schema, and goes on with what it repairs, until nothing is found any more. */
export function validate<T extends z.ZodType>(
  schema: T,
  tree: ConfigMap,
  root: Field,
): Validated<z.output<T>> {
  const found = new Map<string, Problem>();
  for (const problem of checkRemovedKeys(tree, root, [])) {
    if (found.size >= MOST_PROBLEMS) break;
    found.set(pathText(problem.path), { ...problem, tree });
  }
  let current = tree;
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    // A config is read once: compiling the schema for speed would take longer than it saves.
    const result = schema.safeParse(plain(current), { jitless: true });
    if (result.success) return { problems: [...found.values()], value: result.data, tree: current };
    const problems = describeIssues(result.error.issues, current, root);
    for (const problem of problems) {
      const path = pathText(problem.path);
      // After the first round, what is missing was taken away by a repair.
      const known = found.has(path) || (round > 0 && problem.missing === true);
      if (!known) found.set(path, { ...problem, tree: current });
    }
    if (problems.length >= MOST_PROBLEMS) break;
    current = problems.reduce((map, problem) => repaired(map, problem, root), current);
  }
  return { problems: [...found.values()], value: undefined, tree: current };
}

/** Whether what was found leaves a value behind that says nothing of what the user meant. */
export function isStopgap({ severity, repair }: Problem): boolean {
  return severity === 'error' && repair?.set === undefined && repair?.rename === undefined;
}

/** Keys set to null: they leave no trace in the merged tree, but may be misspelt all the same. */
function* checkRemovedKeys(tree: ConfigMap, root: Field, path: ConfigPath): Generator<Problem> {
  const field = fieldAt(root, path);
  for (const [key, { idle, path: written }] of tree.removed ?? []) {
    if (field?.kind === 'map' && !field.children.has(key)) {
      const { repair: _, ...problem } = unknownKey(root, path, key, tree.entries.keys());
      yield problem;
    } else if (field?.kind === 'record' && idle && written[0] !== 'sweep') {
      // A sweep may try a key and its absence.
      yield keyWarning([...path, key], 'null removes a key, but no lower layer sets it');
    }
  }
  for (const [key, { value }] of tree.entries) {
    if (value.kind === 'map') yield* checkRemovedKeys(value, root, [...path, key]);
  }
}

/**
 * The tree as it was most likely meant, so that what the schema found does not hide what the rules would find. Renamed
 * keys and replaced values keep their places.
 */
function repaired(tree: ConfigMap, problem: Problem, root: Field): ConfigMap {
  const { path, repair = {} } = problem;
  const key = path.at(-1);
  if (key === undefined) return tree;
  const owner = path.slice(0, -1);
  // Of a list with a wrong item nothing is kept: the list goes.
  if (typeof key === 'number') return repaired(tree, { ...problem, path: owner, repair: {} }, root);
  if (owner.some((part) => typeof part === 'number')) return tree;
  const field = fieldAt(root, owner)?.children.get(key);
  const { range, path: written } = locate(tree, path, 'key');
  return changedAt(tree, owner.map(String), (map) => {
    const entries = new Map(map.entries);
    const entry = entries.get(key) ?? { range, path: written, value: scalar(null, { range }) };
    entries.delete(key);
    if (repair.rename !== undefined) entries.set(repair.rename, entry);
    else if (repair.empty) {
      const value = {
        kind: 'map',
        entries: new Map<string, ConfigEntry>(),
        range: entry.value.range,
      } as const;
      entries.set(key, { ...entry, value });
    } else {
      const value = repair.set ?? stopgap(field);
      if (value !== undefined) entries.set(key, { ...entry, value: scalar(value, entry.value) });
    }
    return { ...map, entries };
  });
}

function scalar(value: string | number | boolean | null, { range }: Pick<ConfigEntry, 'range'>) {
  return { kind: 'scalar', value, written: String(value ?? ''), range } as const;
}

/** A value for a required key that is missing: the shape's check accepts it, and messages of the rules about it are dropped. */
function stopgap(field: Field | undefined): string | undefined {
  if (!field?.required) return undefined;
  return field.type === 'duration' ? '1h' : 'x';
}
