import type { z } from 'zod';
import { alternatives, nearest } from '../text/suggestion.ts';
import { locate } from '../yaml/locate.ts';
import { error, keyError, type Problem } from '../yaml/problem.ts';
import { type ConfigPath, pathText, quoted } from '../yaml/source-range.ts';
import type { ConfigMap, ConfigValue } from '../yaml/tree.ts';
import { type Field, fieldAt } from './field.ts';
import { unknownKey } from './unknown-key.ts';

type Issue = z.core.$ZodIssue;

/** More are not worth anyone's reading, and each costs time: a text may hold thousands of unknown keys. */
export const MOST_PROBLEMS = 200;

/** Zod's issues in plain words, the first `MOST_PROBLEMS`. `tree` is what was checked, `root` describes its schema. */
export function describeIssues(issues: readonly Issue[], tree: ConfigMap, root: Field): readonly Problem[] {
  const all: Problem[] = [];
  for (const issue of issues) {
    if (all.length >= MOST_PROBLEMS) break;
    all.push(...describe(issue, issue.path as ConfigPath, tree, root));
  }
  const renamed = new Set(
    all.flatMap(({ path, repair }) =>
      repair?.rename ? pathText([...path.slice(0, -1), repair.rename]) : [],
    ),
  );
  // A misspelt key and the key that is missing are one mistake.
  return all.filter(({ missing, path }) => !missing || !renamed.has(pathText(path))).slice(0, MOST_PROBLEMS);
}

function describe(issue: Issue, path: ConfigPath, tree: ConfigMap, root: Field): readonly Problem[] {
  const { value, removed } = locate(tree, path);
  switch (issue.code) {
    case 'unrecognized_keys': {
      const taken = value?.kind === 'map' ? [...value.entries.keys()] : [];
      return issue.keys.slice(0, MOST_PROBLEMS).map((key) => unknownKey(root, path, key, taken));
    }
    case 'invalid_key':
      return [keyError(path, issue.issues[0]?.message ?? 'is not allowed as a key')];
    case 'invalid_type': {
      if (value !== undefined) return [wrongType(issue.expected, path, value, root)];
      const message = removed ? 'is empty; give it a value' : 'is missing';
      return [{ ...keyError(path, message, fieldAt(root, path)?.description), missing: true }];
    }
    case 'invalid_value':
      return [choice(path, value, issue.values.map(String))];
    case 'invalid_union':
      return union(issue, path, value, tree, root);
    case 'too_small':
      if (issue.origin === 'string') return [error(path, issue.message)];
      return [error(path, `must be at least ${issue.minimum}, not ${shown(value)}`)];
    case 'too_big':
      return [error(path, `must be at most ${issue.maximum}, not ${shown(value)}`)];
    case 'custom':
      return [{ ...error(path, issue.message), ...(issue.params as Pick<Problem, 'conceal' | 'hint'>) }];
    default:
      return [error(path, issue.message)];
  }
}

/** Text that reads as a number: with repairs, a config with `nodes: "4"` is checked on as if it said 4. */
const NUMERAL = /^[-+]?\d+(\.\d+)?$/;

const TRUTH: ReadonlyMap<string, boolean> = new Map([
  ...['true', 'yes', 'on', 'y'].map((word) => [word, true] as const),
  ...['false', 'no', 'off', 'n'].map((word) => [word, false] as const),
]);

function wrongType(expected: string, path: ConfigPath, value: ConfigValue, root: Field): Problem {
  const field = fieldAt(root, path);
  const given = value.kind === 'scalar' ? value.value : undefined;
  if (given === null) return error(path, 'is empty; give it a value');
  switch (expected) {
    case 'object':
    case 'record': {
      const glued = typeof given === 'string' && /^[\w-]+:\S/.test(given);
      const hint = glued ? 'a space is missing after ":"' : (neighbor(path, given, root) ?? keysHint(field));
      return { ...error(path, `must be a map of keys, not ${kindOf(value)}`, hint), repair: { empty: true } };
    }
    case 'array': {
      const hint = 'write each item on a line of its own, after "- "';
      return error(path, `must be a list, not ${kindOf(value)}`, hint);
    }
    case 'int':
    case 'number': {
      const whole = expected === 'int' || field?.type !== 'number' || typeof given === 'number';
      if (typeof given !== 'string' || !NUMERAL.test(given))
        return error(path, `must be ${whole ? 'a whole number' : 'a number'}, not ${shown(value)}`);
      const message = `${quoted(given)} is text; write ${given} without quotes`;
      return { ...error(path, message), repair: { set: Number(given) } };
    }
    case 'boolean': {
      const wanted = typeof given === 'string' ? TRUTH.get(given.toLowerCase()) : undefined;
      if (wanted === undefined) return error(path, `must be true or false, not ${shown(value)}`);
      const not = String(wanted) === given ? '' : `, not ${wanted}`;
      const message = `${quoted(String(given))} is text${not}; write true or false, without quotes`;
      return { ...error(path, message), repair: { set: wanted } };
    }
    case 'string': {
      if (field?.type === 'duration' && typeof given === 'number') {
        const [text, units] = [shown(value), ['s', 'm', 'h']];
        return error(path, `${text} has no unit`, `write ${alternatives(units.map((unit) => text + unit))}`);
      }
      if (value.kind !== 'scalar') return error(path, `must be text, not ${kindOf(value)}`);
      const message = `${shown(value)} is ${kindOf(value)}; write "${value.written}" in quotes`;
      return { ...error(path, message), repair: { set: value.written } };
    }
    default:
      return error(path, `must not be ${kindOf(value)}`);
  }
}

/** The key beside a map that takes what was given to it, as router_mode beside router. */
function neighbor(path: ConfigPath, given: unknown, root: Field): string | undefined {
  const beside = fieldAt(root, path.slice(0, -1))?.children ?? [];
  const meant = [...beside].find(([, { choices }]) => choices.includes(String(given)));
  return meant && `did you mean ${meant[0]}: ${given}?`;
}

const MOST_KEYS = 8;

/** What a map with fixed keys may hold. */
function keysHint(field: Field | undefined): string | undefined {
  const keys = [...(field?.children.keys() ?? [])];
  if (keys.length === 0) return undefined;
  const some = keys.length > MOST_KEYS ? [...keys.slice(0, MOST_KEYS), 'others'] : keys;
  return `its keys are ${alternatives(some, 'and')}`;
}

function choice(path: ConfigPath, value: ConfigValue | undefined, choices: readonly string[]): Problem {
  const near = value?.kind === 'scalar' ? nearest(String(value.value), choices) : undefined;
  const known = `one of ${alternatives(choices)}`;
  if (near === undefined) return error(path, `must be ${known}, not ${shown(value)}`);
  const message = `unknown value ${shown(value)}; did you mean ${JSON.stringify(near)}?`;
  return { ...error(path, message, known), repair: { set: near } };
}

/** A map is held against the alternatives that are maps; anything else against them all. */
function union(
  issue: Extract<Issue, { code: 'invalid_union' }>,
  path: ConfigPath,
  value: ConfigValue | undefined,
  tree: ConfigMap,
  root: Field,
): readonly Problem[] {
  const isWrongType = (one: Issue) => one.code === 'invalid_type' && one.path.length === 0;
  const inner = issue.errors.filter((issues) => !issues.some(isWrongType));
  const [only = []] = inner;
  if (value?.kind === 'map' && inner.length === 1 && only.every(({ path: at }) => at.length > 0)) {
    return only.flatMap((one) => describe(one, [...path, ...(one.path as ConfigPath)], tree, root));
  }
  return [error(path, `${issue.message}${value?.kind === 'scalar' ? `, not ${shown(value)}` : ''}`)];
}

function kindOf(value: ConfigValue): string {
  if (value.kind !== 'scalar') return `a ${value.kind}`;
  if (value.value === null) return 'empty';
  return { string: 'text', number: 'a number', boolean: 'true or false' }[typeof value.value as 'string'];
}

/** A value as the message names it. */
function shown(value: ConfigValue | undefined): string {
  if (value === undefined) return 'nothing';
  if (value.kind !== 'scalar' || value.value === null) return kindOf(value);
  return typeof value.value === 'string' ? quoted(value.value) : value.written;
}
