import type { GivenFlag } from './given-flags.ts';
import type { Problem } from './problem.ts';
import { CARRIED, SPELLINGS } from './spellings.ts';

/** Arguments that only have another name in other releases. */
const RENAMED = SPELLINGS.flatMap(({ was, now }) => {
  const [[before, carried] = []] = Object.entries(was.args ?? {});
  const [after] = Object.keys(now.args ?? {});
  return before !== undefined && after !== undefined && carried === CARRIED ? [{ before, after }] : [];
});

/** One argument under two names, or in `args` and again in `flags`: a command has it once, and which is not plain. */
export function* checkTwice(given: readonly GivenFlag[]): Generator<Problem> {
  const inArgs = new Set(given.filter((flag) => flag.in === 'args').map(({ name }) => name));
  for (const { name, path, in: where } of given) {
    if (where === 'flags' && inArgs.has(name)) {
      yield {
        severity: 'error',
        path,
        message: `--${name} is in args already`,
        hint: 'keep one of the two',
      };
    }
    const renamed = RENAMED.find(({ before }) => before === name);
    if (renamed && given.some((other) => other.name === renamed.after)) {
      yield {
        severity: 'error',
        path,
        at: 'key',
        message: `--${name} is the older name of --${renamed.after}, which is given too`,
        hint: 'keep one of the two; null removes a key of the topology',
      };
    }
  }
}
