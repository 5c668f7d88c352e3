import {
  type EngineArgument,
  isNewer,
  otherReleasesWith,
  type Program,
} from '../../config/compat/engine-table.ts';
import { engineValueFault } from '../../config/rules/engine-value.ts';
import type { ArgumentValue } from '../../config/schema/role.ts';
import { keyWarning, type Problem, warning } from '../../config/yaml/problem.ts';
import type { ConfigPath } from '../../config/yaml/source-range.ts';
import { changeHint, programText, unknownKey } from './argument-texts.ts';

/** An argument as a program takes it. */
interface Taken {
  readonly program: Program;
  readonly argument: EngineArgument;
}

/** What is wrong with a value, as the last of the programs that take the argument reads it. */
export function* valueProblems(
  takers: readonly Taken[],
  name: string,
  value: ArgumentValue,
  path: ConfigPath,
): Generator<Problem> {
  const [last] = takers.slice(-1);
  if (last === undefined) return;
  const { program, argument } = last;
  const choices = takers.flatMap((taker) => taker.argument.choices ?? []);
  const free = takers.some((taker) => taker.argument.choices === undefined);
  const fault = engineValueFault({ ...argument, choices: free ? undefined : choices }, value);
  const broken = argument.keys && jsonFault(value);
  if (broken !== undefined) {
    const hint = 'write JSON, whose keys and texts stand in double quotes, or a YAML map';
    yield warning(path, `${programText(program)} refuses it: --${name} is no JSON (${broken})`, hint);
    return;
  }
  if (fault === undefined) {
    yield* keyProblems(takers, keysOf(value, path));
    return;
  }
  const { choice = '' } = fault;
  if (isNewer(program) && choice !== '') return;
  const hint = changeHint(program, choice, otherReleasesWith(program, argument.name, 'choices', choice));
  yield warning(path, `${programText(program)} refuses it: --${name} ${fault.message}`, hint ?? fault.hint);
}

interface Key {
  readonly key: string;
  readonly path: ConfigPath;
}

/** Why a text that begins as a map in JSON is none; undefined where it is. */
function jsonFault(value: ArgumentValue): string | undefined {
  if (typeof value !== 'string' || !value.trimStart().startsWith('{')) return undefined;
  try {
    JSON.parse(value);
    return undefined;
  } catch (error) {
    return error instanceof SyntaxError ? error.message : undefined;
  }
}

/** The keys of a map, or of text that is one in JSON. */
function keysOf(value: ArgumentValue, path: ConfigPath): readonly Key[] {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return Object.keys(value).map((key) => ({ key, path: [...path, key] }));
  if (typeof value !== 'string' || !value.trimStart().startsWith('{')) return [];
  return Object.keys(JSON.parse(value)).map((key) => ({ key, path }));
}

/** Keys that a value has not: `pass_config.x` and `custom_ops+` are of the keys before the dot and the plus. */
export function* keyProblems(takers: readonly Taken[], keys: readonly Key[]): Generator<Problem> {
  const [last] = takers.slice(-1);
  if (!last?.argument.keys || isNewer(last.program)) return;
  for (const { key, path } of keys) {
    const [first = ''] = key.split(/[.+]/);
    if (!last.argument.keys.includes(first))
      yield keyWarning(path, ...unknownKey(last.program, last.argument, first));
  }
}
