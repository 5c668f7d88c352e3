import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');

/** The tests and their configuration, by lines. */
const files = [
  'vitest.config.ts',
  ...readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => `test/${file}`),
].map((file) => ({ file, lines: readFileSync(join(root, file), 'utf8').split('\n') }));

/** `FILE:LINE` of lines that match, unless the line before is a comment. */
const unexplained = (pattern: RegExp): readonly string[] =>
  files.flatMap(({ file, lines }) =>
    lines.flatMap((line, index) =>
      pattern.test(line) && !/^\s*(\/\/|\*|\/\*)/.test(lines[index - 1] ?? '')
        ? [`${file}:${index + 1}`]
        : [],
    ),
  );

test('a test is tried again only where a comment says what outside the project makes it fail', () => {
  expect(unexplained(/\bretry\s*(:\s*\d|[,}])/)).toEqual([]);
});
