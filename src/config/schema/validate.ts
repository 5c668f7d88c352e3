import type { z } from 'zod';
import { type ConfigPath, pathText } from '../yaml/source-range.ts';
import { type ConfigMap, plain } from '../yaml/tree.ts';
import { type Field, fieldAt } from './field.ts';
import { repair } from './repair.ts';
import { describeIssues, type Finding, MOST_FINDINGS } from './schema-errors.ts';
import { adviseKey } from './unknown-key.ts';

/** A finding with the tree in which it has its place; repairs change the tree from round to round. */
interface TreeFinding extends Finding {
  readonly tree: ConfigMap;
}

export interface CheckedShape<T> {
  readonly findings: readonly TreeFinding[];
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
): CheckedShape<z.output<T>> {
  const found = new Map<string, TreeFinding>();
  for (const finding of checkRemovedKeys(tree, root, [])) {
    if (found.size >= MOST_FINDINGS) break;
    found.set(pathText(finding.path), { ...finding, tree });
  }
  let current = tree;
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    // A config is read once: compiling the schema for speed would take longer than it saves.
    const result = schema.safeParse(plain(current), { jitless: true });
    if (result.success) return { findings: [...found.values()], value: result.data, tree: current };
    const faults = describeIssues(result.error.issues, current, root);
    for (const fault of faults) {
      const path = pathText(fault.path);
      // After the first round, what is missing was taken away by a repair.
      const known = found.has(path) || (round > 0 && fault.missing === true);
      if (!known) found.set(path, { ...fault, tree: current });
    }
    if (faults.length >= MOST_FINDINGS) break;
    current = repair(current, faults, root);
  }
  return { findings: [...found.values()], value: undefined, tree: current };
}

/** Keys set to null: they leave no trace in the merged tree, but may be misspelt all the same. */
function* checkRemovedKeys(tree: ConfigMap, root: Field, path: ConfigPath): Generator<Finding> {
  const field = fieldAt(root, path);
  for (const [key, { idle }] of tree.removed ?? []) {
    const at = [...path, key];
    if (field?.kind === 'map' && !field.children.has(key)) {
      const { message, hint } = adviseKey(root, path, key, new Set(tree.entries.keys()));
      yield { severity: 'error', path: at, at: 'key', message, ...(hint && { hint }) };
    } else if (field?.kind === 'record' && idle) {
      const message = 'null removes a key, but no lower layer sets it';
      yield { severity: 'warning', path: at, at: 'key', message };
    }
  }
  for (const [key, { value }] of tree.entries) {
    if (value.kind === 'map') yield* checkRemovedKeys(value, root, [...path, key]);
  }
}
