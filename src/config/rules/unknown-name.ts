import { didYouMean, nearest } from '../text/suggestion.ts';
import { error, type Problem } from '../yaml/problem.ts';
import { type ConfigPath, quoted } from '../yaml/source-range.ts';

/** A value that should name one of several known things, and does not. */
export function unknownName(
  path: ConfigPath,
  what: string,
  given: string,
  known: readonly string[],
  hint: string,
): Problem {
  const message = `there is no ${what} ${quoted(given)}${didYouMean(nearest(given, known))}`;
  return error(path, message, hint);
}
