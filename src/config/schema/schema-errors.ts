import type { z } from 'zod';
import { alternatives, nearest } from '../text/suggestion.ts';
import { locate } from '../yaml/locate.ts';
import type { Problem } from '../yaml/problem.ts';
import { type ConfigPath, pathText, quoted } from '../yaml/source-range.ts';
import type { ConfigMap, ConfigValue } from '../yaml/tree.ts';
import { type Field, fieldAt } from './field.ts';
import { adviseKey } from './unknown-key.ts';

/** What the schema found, and what the user most likely meant: with it, later rules can be checked all the same. */
export interface Finding extends Problem {
  /** The key is not there, or `null` took it away. */
  readonly missing?: true;
  readonly repair?: Repair;
}

/** `drop` leaves the key to its default; `empty` makes a map without keys of it. */
export type Repair =
  | { readonly set: string | number | boolean }
  | { readonly rename: string }
  | 'drop'
  | 'empty';

type Issue = z.core.$ZodIssue;

/** More are not worth anyone's reading, and each costs time: a text may hold thousands of unknown keys. */
export const MOST_FINDINGS = 200;

/** Zod's issues in plain words, the first `MOST_FINDINGS`. `tree` is what was checked, `root` describes its schema. */
export function describeIssues(issues: readonly Issue[], tree: ConfigMap, root: Field): readonly Finding[] {
  const all: Finding[] = [];
  for (const issue of issues) {
    if (all.length >= MOST_FINDINGS) break;
    all.push(...describe(issue, issue.path as ConfigPath, tree, root));
  }
  const renamed = new Set(all.flatMap(renamedPath));
  // A misspelt key and the key that is missing are one mistake.
  return all.filter(({ missing, path }) => !missing || !renamed.has(pathText(path))).slice(0, MOST_FINDINGS);
}

function renamedPath({ path, repair }: Finding): readonly string[] {
  return isRename(repair) ? [pathText([...path.slice(0, -1), repair.rename])] : [];
}

export function isRename(repair: Repair | undefined): repair is { readonly rename: string } {
  return typeof repair === 'object' && 'rename' in repair;
}

function describe(issue: Issue, path: ConfigPath, tree: ConfigMap, root: Field): readonly Finding[] {
  const { value, removed } = locate(tree, path);
  const field = fieldAt(root, path);
  const error = (message: string, more: Partial<Finding> = {}): Finding[] => [
    { severity: 'error', path, message, repair: 'drop', ...more },
  ];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.slice(0, MOST_FINDINGS).flatMap((key) => unknownKey(path, key, value, root));
    case 'invalid_key':
      return error(issue.issues[0]?.message ?? 'is not allowed as a key', { at: 'key' });
    case 'invalid_type':
      if (value === undefined) return missing(path, field, removed);
      return wrongType(issue.expected, path, value, field, root);
    case 'invalid_value':
      return [choice(path, value, issue.values.map(String))];
    case 'invalid_union':
      return union(issue, path, value, tree, root);
    case 'too_small':
      if (issue.origin === 'string') return error(issue.message);
      return error(`must be at least ${issue.minimum}, not ${shown(value)}`);
    case 'too_big':
      return error(`must be at most ${issue.maximum}, not ${shown(value)}`);
    case 'custom': {
      const params = issue.params as Partial<Pick<Problem, 'at' | 'conceal' | 'hint'>> | undefined;
      return error(issue.message, params?.at || params?.conceal ? { ...params } : {});
    }
    default:
      return error(issue.message);
  }
}

function unknownKey(
  path: ConfigPath,
  key: string,
  owner: ConfigValue | undefined,
  root: Field,
): readonly Finding[] {
  const keys = owner?.kind === 'map' ? [...owner.entries.keys()] : [];
  const { message, hint, meant } = adviseKey(root, path, key, new Set(keys));
  const repair: Repair = meant === undefined ? 'drop' : { rename: meant };
  return [{ severity: 'error', path: [...path, key], at: 'key', message, ...(hint && { hint }), repair }];
}

function missing(path: ConfigPath, field: Field | undefined, removed: boolean): readonly Finding[] {
  const message = removed ? 'is empty; give it a value' : 'is missing';
  const hint = field?.description;
  return [{ severity: 'error', path, at: 'key', message, ...(hint && { hint }), missing: true }];
}

/** Text that reads as a number: with repairs, a config with `nodes: "4"` is checked on as if it said 4. */
const NUMERAL = /^[-+]?\d+(\.\d+)?$/;

function wrongType(
  expected: string,
  path: ConfigPath,
  value: ConfigValue,
  field: Field | undefined,
  root: Field,
): readonly Finding[] {
  const error = (message: string, hint?: string, repair: Repair = 'drop'): readonly Finding[] => [
    { severity: 'error', path, message, ...(hint && { hint }), repair },
  ];
  const given = value.kind === 'scalar' ? value.value : undefined;
  if (given === null) return error('is empty; give it a value');
  switch (expected) {
    case 'object':
    case 'record': {
      const glued = typeof given === 'string' && /^[\w-]+:\S/.test(given);
      const hint = glued ? 'a space is missing after ":"' : (neighbour(path, given, root) ?? keysHint(field));
      return error(`must be a map of keys, not ${kindOf(value)}`, hint, 'empty');
    }
    case 'array':
      return error(
        `must be a list, not ${kindOf(value)}`,
        'write each item on a line of its own, after "- "',
      );
    case 'int':
    case 'number': {
      if (typeof given === 'number') return error(`must be a whole number, not ${shown(value)}`);
      const what = expected === 'int' || field?.type !== 'number' ? 'a whole number' : 'a number';
      if (typeof given !== 'string' || !NUMERAL.test(given))
        return error(`must be ${what}, not ${shown(value)}`);
      return error(`${quoted(given)} is text; write ${given} without quotes`, undefined, {
        set: Number(given),
      });
    }
    case 'boolean': {
      const wanted = typeof given === 'string' ? TRUTH[given.toLowerCase()] : undefined;
      if (wanted === undefined) return error(`must be true or false, not ${shown(value)}`);
      const not = String(wanted) === given ? '' : `, not ${wanted}`;
      const advice = 'write true or false, without quotes';
      return error(`${quoted(String(given))} is text${not}; ${advice}`, undefined, { set: wanted });
    }
    case 'string':
      if (field?.type === 'duration' && typeof given === 'number') {
        return error(
          `${shown(value)} has no unit`,
          `write ${shown(value)}s, ${shown(value)}m or ${shown(value)}h`,
        );
      }
      if (value.kind !== 'scalar') return error(`must be text, not ${kindOf(value)}`);
      return error(`${shown(value)} is ${kindOf(value)}; write "${value.written}" in quotes`, undefined, {
        set: value.written,
      });
    default:
      return error(`must not be ${kindOf(value)}`);
  }
}

/** The key beside a map that takes what was given to it, as router_mode beside router. */
function neighbour(path: ConfigPath, given: unknown, root: Field): string | undefined {
  const beside = fieldAt(root, path.slice(0, -1))?.children ?? [];
  const meant = [...beside].find(([, { choices }]) => choices.includes(String(given)));
  return meant && `did you mean ${meant[0]}: ${given}?`;
}

/** What a map with fixed keys may hold. */
function keysHint(field: Field | undefined): string | undefined {
  const keys = [...(field?.children.keys() ?? [])];
  if (keys.length === 0) return undefined;
  const some = keys.length > MOST_KEYS ? [...keys.slice(0, MOST_KEYS), 'others'] : keys;
  return `its keys are ${alternatives(some, 'and')}`;
}

const MOST_KEYS = 8;

const TRUTH: Readonly<Record<string, boolean | undefined>> = Object.assign(Object.create(null), {
  true: true,
  yes: true,
  on: true,
  y: true,
  false: false,
  no: false,
  off: false,
  n: false,
});

function choice(path: ConfigPath, value: ConfigValue | undefined, choices: readonly string[]): Finding {
  const given = value?.kind === 'scalar' ? String(value.value) : undefined;
  const near = given === undefined ? undefined : nearest(given, choices);
  const known = `one of ${alternatives(choices)}`;
  const message =
    near === undefined
      ? `must be ${known}, not ${shown(value)}`
      : `unknown value ${shown(value)}; did you mean ${JSON.stringify(near)}?`;
  const repair: Repair = near === undefined ? 'drop' : { set: near };
  return { severity: 'error', path, message, ...(near !== undefined && { hint: known }), repair };
}

/** A map is held against the alternatives that are maps; anything else against them all. */
function union(
  issue: Extract<Issue, { code: 'invalid_union' }>,
  path: ConfigPath,
  value: ConfigValue | undefined,
  tree: ConfigMap,
  root: Field,
): readonly Finding[] {
  const isWrongType = (one: Issue) => one.code === 'invalid_type' && one.path.length === 0;
  const inner = issue.errors.filter((issues) => !issues.some(isWrongType));
  const [only = []] = inner;
  if (value?.kind === 'map' && inner.length === 1 && only.every(({ path: at }) => at.length > 0)) {
    return only.flatMap((one) => describe(one, [...path, ...(one.path as ConfigPath)], tree, root));
  }
  const given = value?.kind === 'scalar' ? `, not ${shown(value)}` : '';
  return [{ severity: 'error', path, message: `${issue.message}${given}`, repair: 'drop' }];
}

function kindOf(value: ConfigValue): string {
  if (value.kind !== 'scalar') return `a ${value.kind}`;
  if (value.value === null) return 'empty';
  return { string: 'text', number: 'a number', boolean: 'true or false' }[typeof value.value as 'string'];
}

/** A value as the message names it. */
function shown(value: ConfigValue | undefined): string {
  if (value === undefined) return 'nothing';
  if (value.kind !== 'scalar') return kindOf(value);
  if (value.value === null) return 'empty';
  return typeof value.value === 'string' ? quoted(value.value) : value.written;
}
