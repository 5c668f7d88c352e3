import { ROLES } from './schema/role.ts';
import { keyError, type Problem } from './yaml/problem.ts';
import { type ConfigEntry, type ConfigMap, type ConfigValue, changedAt } from './yaml/tree.ts';

const OWNERS = [...ROLES, 'frontend', 'bench'] as const;

/**
 * A layer with its arguments under one spelling, with dashes, so that layers override each other; and with numbers in
 * `args` and `env` as their file spells them, so that `1.10` does not reach a process as `1.1`.
 */
export function normalizeArguments(
  layer: ConfigMap,
  report: (problem: Problem, entry: ConfigEntry) => void,
): ConfigMap {
  return OWNERS.reduce((map, owner) => {
    const args = changedAt(map, [owner, 'args'], (given) => normalizeNames(given, report));
    return changedAt(args, [owner, 'env'], (given) => withValues(given, keepSpelling));
  }, layer);
}

function normalizeNames(map: ConfigMap, report: (problem: Problem, entry: ConfigEntry) => void): ConfigMap {
  const entries = new Map<string, ConfigEntry>();
  for (const [name, entry] of map.entries) {
    const key = name.replaceAll('_', '-');
    const twin = entries.get(key);
    if (twin === undefined) {
      entries.set(key, { ...entry, value: argument(entry.value) });
      continue;
    }
    const message = `is the same argument as ${twin.path.at(-1)} on line ${twin.range.line}`;
    report(keyError(entry.path, message, 'keep one of the two'), entry);
  }
  return { ...map, entries };
}

function argument(value: ConfigValue): ConfigValue {
  if (value.kind === 'list') return { ...value, items: value.items.map(argument) };
  return value.kind === 'scalar' && typeof value.value === 'number' ? keepSpelling(value) : value;
}

/** A number or a boolean, as text where its spelling says more than its value: `1.10`, `True`. */
function keepSpelling(value: ConfigValue): ConfigValue {
  if (value.kind !== 'scalar' || value.value === null || typeof value.value === 'string') return value;
  return String(value.value) === value.written ? value : { ...value, value: value.written };
}

function withValues(map: ConfigMap, change: (value: ConfigValue) => ConfigValue): ConfigMap {
  return {
    ...map,
    entries: new Map([...map.entries].map(([key, entry]) => [key, { ...entry, value: change(entry.value) }])),
  };
}
