import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { packageRoot } from '../../world.ts';

const textOf = (path: string): string => readFileSync(join(packageRoot, path), 'utf8');

test("the reader's tour has at most 25 places, each of which is there", () => {
  const [, section = ''] = /^## Reader's tour\n(.*?)^## /ms.exec(textOf('docs/architecture.md')) ?? [];
  const places = [...section.matchAll(/^(\d+)\. `([^`]+)`, `(\w+)`:/gm)];
  expect(places.map(([, number]) => Number(number))).toEqual(places.map((_, index) => index + 1));
  expect(places.length).toBeLessThanOrEqual(25);
  expect(places.map(([, , file, name]) => `${file} ${name}`)).toContain(
    'src/cli/commands/submit/submit.ts submit',
  );
  const gone = places.filter(([, , file = '', name = '']) => {
    // A function, a method, or a property that is a function.
    const definition = new RegExp(`(function|async) ${name}\\b|^ +${name}:$|^ +${name}: (async )?\\(`, 'm');
    return !definition.test(textOf(file));
  });
  expect(gone.map(([, , file, name]) => `${file} ${name}`)).toEqual([]);
});
