import notes from '../../config/compat/argument-notes.json' with { type: 'json' };
import {
  argumentNames,
  type EngineArgument,
  findArgument,
  isNewer,
  lifetime,
  otherReleasesWith,
  type Program,
  takesBeginnings,
} from '../../config/compat/engine-table.ts';
import { flagText, type GivenFlag } from '../../config/compat/given-flags.ts';
import { engineValueFault } from '../../config/rules/engine-value.ts';
import type { ArgumentValue } from '../../config/schema/role.ts';
import { dashed } from '../../config/text/dashed.ts';
import { keyError, keyWarning, type Problem, warning } from '../../config/yaml/problem.ts';
import type { ConfigPath } from '../../config/yaml/source-range.ts';
import type { Engine } from '../../engines/engine.ts';
import { changeHint, programText, unknownArgument, unknownKey } from './argument-texts.ts';

/** Programs whose parsers take underscores for dashes. */
const UNDERSCORES: readonly string[] = notes.underscores;

/** Who reads an argument: programs, one after the other. */
export interface ArgumentReader {
  readonly programs: readonly Program[];
  readonly isManaged: (name: string) => boolean;
  /** Undefined for frontends. */
  readonly engine?: Engine;
  readonly ofFrontend?: true;
  /** Whether the config names no release of the engine, so that it is taken for the one that Dynamo's asks for. */
  readonly assumed?: boolean;
}

/** An argument as a program takes it. */
interface Taken {
  readonly program: Program;
  readonly argument: EngineArgument;
}

/** What is wrong with an argument, as the programs that read it take it. */
export function* checkArgument(flag: GivenFlag, reader: ArgumentReader): Generator<Problem> {
  const { path, value } = flag;
  const { programs } = reader;
  const [given = '', key] = flag.name.split(/\.(.*)/s);
  const name = fullName(given, programs);
  if (typeof name === 'object' && !programs.some((program) => lifetime(program.name, given))) {
    const meanings = name.map((one) => `--${one}`).join(' or ');
    yield keyWarning(path, `--${given} is ambiguous: it may mean ${meanings}`, 'write the name in full');
    return;
  }
  if (typeof name !== 'string') {
    yield keyWarning(path, ...unknownArgument(given, reader));
    return;
  }
  if (name !== given && reader.isManaged(name)) {
    const message = `${flagText(given)} is short for ${flagText(name)}, which is set by dyn-slurm`;
    yield keyError(path, message, 'remove it here');
    return;
  }
  const takers = programs.flatMap((program) => {
    const argument = findArgument(program, name);
    return argument ? [{ program, argument }] : [];
  });
  if (key !== undefined) yield* keyProblems(takers, [{ key, path }]);
  // The value of a short one may stand in its own word.
  else if (given === name || !given.startsWith('-')) yield* valueProblems(takers, name, value, path);
}

/**
 * The argument that a name stands for. Most parsers take the beginning of a name for all of it, where there is only
 * one with that beginning; several are returned as they are.
 */
function fullName(given: string, programs: readonly Program[]): string | readonly string[] | undefined {
  for (const program of programs) {
    const name = UNDERSCORES.includes(program.name) ? dashed(given) : given;
    if (findArgument(program, name)) return name;
  }
  if (given.startsWith('-')) return shortName(given, programs);
  for (const program of programs.filter(takesBeginnings)) {
    const longer = argumentNames(program).filter((one) => one.startsWith(given));
    if (longer.length === 1) return longer[0];
    if (longer.length > 1) return longer.slice(0, 3);
  }
  return undefined;
}

/** The short name that a word begins with: `-tp` of `-tp4`. */
function shortName(word: string, programs: readonly Program[]): string | undefined {
  return programs
    .flatMap(argumentNames)
    .filter((name) => /^-[^-]/.test(name) && word.startsWith(name))
    .toSorted((one, other) => other.length - one.length)[0];
}

function* valueProblems(
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
function* keyProblems(takers: readonly Taken[], keys: readonly Key[]): Generator<Problem> {
  const [last] = takers.slice(-1);
  if (!last?.argument.keys || isNewer(last.program)) return;
  for (const { key, path } of keys) {
    const [first = ''] = key.split(/[.+]/);
    if (!last.argument.keys.includes(first))
      yield keyWarning(path, ...unknownKey(last.program, last.argument, first));
  }
}
