import notes from '../../config/compat/argument-notes.json' with { type: 'json' };
import {
  argumentNames,
  findArgument,
  lifetime,
  type Program,
  takesBeginnings,
} from '../../config/compat/engine-table.ts';
import { flagText, type GivenFlag } from '../../config/compat/given-flags.ts';
import { dashed } from '../../config/text/dashed.ts';
import { keyError, keyWarning, type Problem } from '../../config/yaml/problem.ts';
import type { Engine } from '../../engines/engine.ts';
import { unknownArgument } from './argument-texts.ts';
import { keyProblems, valueProblems } from './argument-value.ts';

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
