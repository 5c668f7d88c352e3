import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { packageRoot } from '../../world.ts';

const templates = join(packageRoot, 'templates');

/** Lines of a function, by its name; where a name is defined twice, twice. */
function functionsIn(file: string): readonly (readonly [string, number])[] {
  const found: [string, number][] = [];
  let begun = 0;
  for (const [index, line] of readFileSync(join(templates, file), 'utf8').split('\n').entries()) {
    const name = /^([a-z_0-9]+)\(\) \{/.exec(line)?.[1];
    if (name !== undefined) found.push([name, 0]);
    if (name !== undefined) begun = index;
    const last = found.at(-1);
    if (/^\}/.test(line) && last && last[1] === 0) last[1] = index - begun + 1;
  }
  return found;
}

/** What one shell has sourced. */
const SUPERVISOR = [
  'lib.sh',
  'cause-line.sh',
  'environment.sh',
  ...readdirSync(join(templates, 'lib')).map((name) => `lib/${name}`),
];

test('no function of the supervisor is defined twice', () => {
  const names = SUPERVISOR.flatMap(functionsIn).map(([name]) => name);
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
});

test('no function of the supervisor is longer than 40 lines', () => {
  // order_by_rack is a program of awk.
  const long = SUPERVISOR.flatMap(functionsIn).filter(
    ([name, lines]) => lines > 40 && name !== 'order_by_rack',
  );
  expect(long).toEqual([]);
});
