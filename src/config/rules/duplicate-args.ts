import { FLAG_RENAMES } from '../compat/flag-renames.ts';
import type { GivenFlag } from '../compat/given-flags.ts';
import { error, keyError, type Problem } from '../yaml/problem.ts';

/** Names of one argument in earlier and later releases. */
const RENAMED = FLAG_RENAMES.flatMap(({ was, now }) => {
  const [before, ...further] = Object.keys(was.args ?? {});
  const [after, ...others] = Object.keys(now.args ?? {});
  // One that became two is not the same as either.
  const isOne = before !== undefined && after !== undefined && further.length + others.length === 0;
  return isOne && before !== after ? [{ before, after }] : [];
});

/** One argument under two names, or in `args` and again in `flags`: a command has it once, and which is not plain. */
export function* checkDuplicateArgs(given: readonly GivenFlag[]): Generator<Problem> {
  const inArgs = new Set(given.filter((flag) => flag.in === 'args').map(({ name }) => name));
  for (const { name, path, in: where } of given) {
    if (where === 'flags' && inArgs.has(name)) {
      yield error(path, `--${name} is already in args`, 'keep one of the two');
    }
    const renamed = RENAMED.find(
      ({ before, after }) => before === name && given.some((other) => other.name === after),
    );
    if (renamed) {
      yield keyError(
        path,
        `--${name} is the older name of --${renamed.after}, which is also given`,
        'keep one of the two; null removes a key that the topology sets',
      );
    }
  }
}
