import { findArgument } from '../../config/compat/engine-table.ts';
import { flagText, type GivenFlag } from '../../config/compat/given-flags.ts';
import { keyWarning, type Problem } from '../../config/yaml/problem.ts';
import type { ArgumentReader } from './argument.ts';
import { programText } from './argument-texts.ts';

/**
 * That the programs take an argument, but no longer for long, where they name what replaces it. Nothing is said where that is
 * dyn-slurm's to write.
 */
export function* checkDeprecated({ name, path }: GivenFlag, reader: ArgumentReader): Generator<Problem> {
  const takers = reader.programs.flatMap((program) => {
    const argument = findArgument(program, name);
    // What is written without `no-` says another thing.
    const negated = argument && name !== argument.name && name.startsWith('no-');
    return argument ? [{ program, instead: negated ? undefined : argument.deprecated }] : [];
  });
  const old = takers.find(({ instead }) => instead);
  if (old?.instead === undefined || takers.some(({ instead }) => instead === undefined)) return;
  const instead = old.instead.split(' ').flatMap(eachOf);
  if (instead.some((flag) => reader.isManaged(flag.replace(/^--|=.*$/g, '')))) return;
  const message = `${flagText(name)} is deprecated in ${programText(old.program)}`;
  yield { ...keyWarning(path, message, `use ${instead.join(' and ')} instead`), ownOnly: true };
}

/** `--a-{b,c}=d` as `--a-b=d` and `--a-c=d`. */
function eachOf(flag: string): readonly string[] {
  const [, before = '', names, after = ''] = /^(.*)\{(.*)\}(.*)$/.exec(flag) ?? [];
  return names === undefined ? [flag] : names.split(',').map((name) => before + name + after);
}
