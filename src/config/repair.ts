import { type Field, fieldAt } from './field.ts';
import { locate } from './locate.ts';
import type { ConfigPath } from './place.ts';
import { type ConfigEntry, type ConfigMap, type ConfigScalar, type ConfigValue, changedAt } from './tree.ts';
import type { Finding } from './wording.ts';

/**
 * A tree as it was most likely meant, so that what the schema found does not hide what the rules would find. Renamed
 * keys and replaced values keep their places.
 */
export function repaired(tree: ConfigMap, findings: readonly Finding[], root: Field): ConfigMap {
  return findings.reduce((map, finding) => repairOne(map, finding, root), tree);
}

function repairOne(tree: ConfigMap, { path, repair, missing, severity }: Finding, root: Field): ConfigMap {
  if (severity === 'warning') return tree;
  const owner = path.slice(0, -1);
  const key = path.at(-1);
  // An item cannot be told from its list by later rules: the list goes.
  if (typeof key === 'number')
    return repairOne(tree, { severity, path: owner, repair: 'drop', message: '' }, root);
  if (key === undefined || owner.some((part) => typeof part === 'number')) return tree;
  const { place, path: written } = locate(tree, path, 'key');
  const scalar = (value: unknown): ConfigScalar => ({
    kind: 'scalar',
    value: value as ConfigScalar['value'],
    written: String(value),
    place,
  });
  return changedAt(tree, owner.map(String), (map) => {
    if (map.kind !== 'map') return map;
    const entries = new Map(map.entries);
    const entry = entries.get(key);
    entries.delete(key);
    const required = fieldAt(root, path)?.required === true;
    if (missing || (repair === 'drop' && required)) {
      entries.set(key, { place, path: written, value: scalar(stopgap(fieldAt(root, path))) });
    } else if (entry !== undefined && repair !== undefined && repair !== 'drop') {
      const [name, value]: [string, ConfigValue] =
        'rename' in repair
          ? [repair.rename, entry.value]
          : [key, isEmptyMap(repair.set) ? emptyMap(entry) : scalar(repair.set)];
      entries.set(name, { ...entry, value });
    }
    return { ...map, entries };
  });
}

/** Passes any rule of shape; no rule across fields reads what it stands for. */
function stopgap(field: Field | undefined): string {
  return field?.type === 'duration' ? '1h' : 'x';
}

function isEmptyMap(value: unknown): boolean {
  return typeof value === 'object';
}

function emptyMap({ place }: ConfigEntry): ConfigMap {
  return { kind: 'map', entries: new Map(), place };
}

/** Whether a finding left a value behind that says nothing of what the user meant. */
export function isStopgap({ severity, missing, repair }: Finding): boolean {
  if (severity === 'warning') return false;
  return (
    missing === true ||
    repair === 'drop' ||
    (typeof repair === 'object' && 'set' in repair && isEmptyMap(repair.set))
  );
}
