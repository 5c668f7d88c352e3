import { locate } from '../yaml/locate.ts';
import { type ConfigEntry, type ConfigMap, changedAt } from '../yaml/tree.ts';
import { type Field, fieldAt } from './field.ts';
import { type Finding, isRename } from './schema-errors.ts';

/**
 * A tree as it was most likely meant, so that what the schema found does not hide what the rules would find. Renamed
 * keys and replaced values keep their places.
 */
export function repair(tree: ConfigMap, findings: readonly Finding[], root: Field): ConfigMap {
  return findings.reduce((map, finding) => repairOne(map, finding, root), tree);
}

function repairOne(tree: ConfigMap, finding: Finding, root: Field): ConfigMap {
  const { path, severity } = finding;
  const key = path.at(-1);
  if (severity === 'warning' || key === undefined) return tree;
  const owner = path.slice(0, -1);
  // Of a list with a wrong item nothing is kept: the list goes.
  if (typeof key === 'number') return repairOne(tree, { ...finding, path: owner, repair: 'drop' }, root);
  if (owner.some((part) => typeof part === 'number')) return tree;
  const { range, path: written } = locate(tree, path, 'key');
  const required = fieldAt(root, owner)?.children.get(key)?.required === true;
  return changedAt(tree, owner.map(String), (map) => {
    const entries = new Map(map.entries);
    const entry = entries.get(key) ?? {
      range,
      path: written,
      value: { kind: 'scalar', value: null, written: '', range },
    };
    entries.delete(key);
    const mended = mend(entry, finding, required ? fieldAt(root, path) : undefined);
    if (mended !== undefined) entries.set(isRename(finding.repair) ? finding.repair.rename : key, mended);
    return { ...map, entries };
  });
}

/** `needed` is the field, if it must have a value. */
function mend(entry: ConfigEntry, { repair }: Finding, needed: Field | undefined): ConfigEntry | undefined {
  const { range } = entry.value;
  if (isRename(repair)) return entry;
  if (repair === 'empty') return { ...entry, value: { kind: 'map', entries: new Map(), range } };
  const value = typeof repair === 'object' ? repair.set : stopgap(needed);
  return value === undefined
    ? undefined
    : { ...entry, value: { kind: 'scalar', value, written: String(value), range } };
}

/** Passes any check of its shape; what the rules say of it is not passed on. */
function stopgap(needed: Field | undefined): string | undefined {
  if (needed === undefined) return undefined;
  return needed.type === 'duration' ? '1h' : 'x';
}

/** Whether a finding left a value behind that says nothing of what the user meant. */
export function isStopgap({ severity, missing, repair }: Finding): boolean {
  return severity === 'error' && (missing === true || repair === 'drop' || repair === 'empty');
}
