import type { StepBody } from '../plan/plan.ts';
import { commandLines, quoteCommand, quoteWord } from './shell.ts';

/** What changes between two commands of a step, as lines with `- ` or `+ ` before them; none where nothing does. */
export function stepDifference(before: StepBody, after: StepBody): readonly string[] {
  return difference(linesOf(before), linesOf(after));
}

/** An option with its values, or a variable; by its name. */
type Lines = ReadonlyMap<string, string>;

function linesOf({ argv, env, secrets }: StepBody): Lines {
  const options = commandLines(argv).map((words): [string, string] => {
    const [first = ''] = words;
    const name = typeof first === 'string' ? first : quoteWord(first);
    return [name.replace(/=.*/s, ''), quoteCommand(words)];
  });
  const variables = Object.entries(env).map(([name, value]): [string, string] => [
    `${name}=`,
    `${name}=${quoteWord(value)}`,
  ]);
  const hidden = Object.keys(secrets).map((name): [string, string] => [`${name}=`, `${name}=(secret)`]);
  return new Map([...options, ...variables, ...hidden]);
}

function difference(before: Lines, after: Lines): readonly string[] {
  const changed = [...before].flatMap(([name, line]) => {
    const now = after.get(name);
    if (now === line) return [];
    return now === undefined ? [`- ${line}`] : [`- ${line}`, `+ ${now}`];
  });
  const added = [...after].flatMap(([name, line]) => (before.has(name) ? [] : [`+ ${line}`]));
  return [...changed, ...added];
}
