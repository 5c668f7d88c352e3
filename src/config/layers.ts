import { engineWrittenOut, withoutOtherEngine } from './engine-name.ts';
import { installWrittenOut } from './install-form.ts';
import { ROLES } from './schema/role.ts';
import { ARGUMENTS_IN_FILE } from './schema/sections.ts';
import { setupWrittenOut, withoutOtherSetup } from './setup.ts';
import { dashed } from './text/dashed.ts';
import { keyError, type Problem } from './yaml/problem.ts';
import { type ConfigEntry, type ConfigMap, type ConfigValue, changedAt } from './yaml/tree.ts';

/**
 * Lays `upper` over `lower`: maps merge key by key, everything else replaces, and `null` removes a key. What was
 * removed is remembered, so that a key that must not be empty is reported where it was emptied.
 */
export function merge(lower: ConfigMap, upper: ConfigMap): ConfigMap {
  return mergeMaps(withoutOtherEngine(lower, upper), upper, false);
}

/** `json`: inside the value of an argument, which becomes JSON and where `null` is a value. */
function mergeMaps(lower: ConfigMap, upper: ConfigMap, json: boolean, owner = ''): ConfigMap {
  const entries = new Map(withoutOtherSetup(lower, upper).entries);
  const removed = new Map(lower.removed);
  for (const [key, entry] of upper.entries) {
    const below = entries.get(key);
    if (!json && !upper.literal && entry.value.kind === 'scalar' && entry.value.value === null) {
      entries.delete(key);
      removed.set(key, { ...entry, idle: below === undefined });
      continue;
    }
    removed.delete(key);
    const value = mergeValues(below?.value, entry.value, json || owner === 'args', key);
    // The map stays where it is, whatever is set in it.
    if (entry.passed && below?.value.kind === 'map')
      entries.set(key, { ...below, value: { ...value, range: below.value.range } });
    else entries.set(key, { ...entry, value });
  }
  return { ...upper, entries, removed };
}

function mergeValues(
  lower: ConfigValue | undefined,
  upper: ConfigValue,
  json: boolean,
  key: string,
): ConfigValue {
  if (upper.kind !== 'map') return upper;
  const base: ConfigMap =
    lower?.kind === 'map' ? lower : { ...upper, entries: new Map<string, ConfigEntry>() };
  return mergeMaps(base, upper, json, key);
}

const OWNERS = [...ROLES, 'frontend', 'bench'] as const;

/**
 * A layer with its engine, its setups and the installation of Dynamo written out, and with its arguments under one spelling,
 * with dashes, so that layers override each other; and with numbers in `args` and `env` as their file spells them, so that
 * `1.10` does not reach a process as `1.1`.
 * `engine`: of all layers together; where it reads its arguments from a file, they stay as they are.
 */
export function normalizeArguments(
  layer: ConfigMap,
  report: (problem: Problem, entry: ConfigEntry) => void,
  engine: string | undefined,
): ConfigMap {
  const inFile = engine === ARGUMENTS_IN_FILE;
  return OWNERS.reduce(
    (map, owner) => {
      const args = changedAt(map, [owner, 'args'], (given) =>
        inFile && ROLES.some((role) => role === owner)
          ? { ...given, literal: true }
          : normalizeNames(given, report),
      );
      return changedAt(args, [owner, 'env'], (given) => {
        const entries = [...given.entries].map(
          ([key, entry]) => [key, { ...entry, value: keepSpelling(entry.value) }] as const,
        );
        return { ...given, entries: new Map(entries) };
      });
    },
    installWrittenOut(setupWrittenOut(engineWrittenOut(layer))),
  );
}

function normalizeNames(map: ConfigMap, report: (problem: Problem, entry: ConfigEntry) => void): ConfigMap {
  const entries = new Map<string, ConfigEntry>();
  for (const [name, entry] of map.entries) {
    const key = dashed(name);
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
