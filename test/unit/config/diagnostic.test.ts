import { expect, test } from 'vitest';
import { type Diagnostic, formatDiagnostic } from '../../../src/config/yaml/diagnostic.ts';

const at = (line: number, column: number, length: number, more: Partial<Diagnostic> = {}): Diagnostic => ({
  severity: 'error',
  file: 'c.yaml',
  line,
  column,
  length,
  path: 'a.b',
  message: 'is wrong',
  ...more,
});

const shown = (diagnostic: Diagnostic, text: string) => formatDiagnostic(diagnostic, text).split('\n');

test('a frame with its hint', () => {
  expect(shown(at(10, 4, 2, { hint: 'mend it' }), `${'\n'.repeat(9)}a: bc d\n`)).toEqual([
    'c.yaml:10:4  a.b: is wrong',
    '  10 | a: bc d',
    '     |    ^^',
    '  hint: mend it',
  ]);
});

test('a warning says so, and the whole file has no path', () => {
  expect(shown(at(1, 1, 1, { severity: 'warning', path: '' }), 'a')).toEqual([
    'c.yaml:1:1  warning: is wrong',
    '  1 | a',
    '    | ^',
  ]);
});

test('without its text, a diagnostic has no frame', () => {
  expect(formatDiagnostic(at(3, 1, 1), undefined)).toBe('c.yaml:3:1  a.b: is wrong');
});

test.each([
  ['tabs', '\tab: x', 2, 2, '→ab: x', ' ^^'],
  ['escape sequences', 'a: \u001b[31mx', 10, 1, 'a: ␛[31mx', '         ^'],
  ['wide letters', '名前: x', 5, 1, '名前: x', '      ^'],
  ['combining marks', 'e\u0301: x', 5, 1, 'e\u0301: x', '   ^'],
  ['letters that turn the line around', 'a: \u202ex', 5, 1, 'a: \ufffdx', '    ^'],
])('%s keep the carets in place', (_what, text, column, length, source, marks) => {
  expect(shown(at(1, column, length), text).slice(1)).toEqual([`  1 | ${source}`, `    | ${marks}`]);
});

test('a long line is clipped around what is meant', () => {
  const text = `${'a'.repeat(200)}WRONG${'b'.repeat(200)}`;
  expect(shown(at(1, 201, 5), text).slice(1)).toEqual([
    `  1 | …${'a'.repeat(32)}WRONG${'b'.repeat(59)}…`,
    `    | ${' '.repeat(33)}^^^^^`,
  ]);
});

test('a stretch longer than the window ends with it', () => {
  expect(shown(at(1, 1, 500), 'x'.repeat(500)).slice(1)).toEqual([
    `  1 | ${'x'.repeat(96)}…`,
    `    | ${'^'.repeat(96)}`,
  ]);
});

test('a secret is masked, whatever its length', () => {
  expect(shown(at(1, 4, 3, { conceal: true }), 'a: abc # d').slice(1)).toEqual([
    '  1 | a: •••••••• # d',
    '    |    ^^^^^^^^',
  ]);
});

test('parts can be painted', () => {
  const paint = (part: string, text: string) => `<${part}>${text}</${part}>`;
  expect(formatDiagnostic(at(1, 1, 1, { hint: 'h' }), 'a', { paint })).toBe(
    [
      '<place>c.yaml:1:1</place>  <path>a.b</path>: <error>is wrong</error>',
      '  <gutter>1 |</gutter> a',
      '  <gutter>  |</gutter> <caret>^</caret>',
      '  <hint>hint:</hint> h',
    ].join('\n'),
  );
});
