import { expect, test } from 'vitest';
import { resolve, VALID } from './report.ts';

const lines = (count: number, line: (index: number) => string) =>
  Array.from({ length: count }, (_, i) => line(i)).join('\n');

/** Short to write, and long to read for a program that does not count. The test's own time limit is the only clock. */
test.each([
  ['unknown keys', lines(15_000, (i) => `k${i}: 1`), 'unknown key'],
  [
    'misspelt keys',
    lines(12_000, (i) => `partitoin${i}: 1`),
    'unknown key here; did you mean "partition", under slurm?',
  ],
  [
    'names that are none',
    `frontend:\n  env:\n${lines(12_000, (i) => `    A=${i}: 1`)}`,
    'is not a valid variable name: use letters, digits and "_"',
  ],
  [
    'values',
    `frontend: {args: {a: [${'1,'.repeat(100_000)}]}}`,
    'expands the file to more than 20,000 values',
  ],
  [
    'aliases',
    `frontend: {args: {a: &a [1], b: [${'*a,'.repeat(60_000)}]}}`,
    'expands the file to more than 20,000 values',
  ],
  [
    'a chain of aliases',
    `a0: &a0 {x: 1}\n${lines(3000, (i) => `a${i + 1}: &a${i + 1} {x: *a${i}}`)}`,
    'is nested deeper than 32 levels',
  ],
  ['closing brackets', ']'.repeat(200_000), 'unexpected flow-seq-end token in YAML stream: "]"'],
  ['wrong escapes', `frontend: "${'\\q'.repeat(100_000)}"`, 'invalid escape sequence \\q'],
  ['list items in one line', '- '.repeat(100_000), 'maps and lists are nested deeper than 32 levels'],
])('many %s', (_what, text, message) => {
  const { diagnostics } = resolve(`${VALID}${text}\n`);
  expect(diagnostics.length).toBeLessThanOrEqual(100);
  expect(diagnostics.map((one) => one.message)).toContain(message);
});
