import { expect, test } from 'vitest';
import { terminalText } from '../../../src/host/terminal-text.ts';

test.each([
  ['plain text', 'a\tb\nc é 日本\n', 'a\tb\nc é 日本\n'],
  ['the screen is erased', 'a\u001b[2Jb\u001b[1;1Hc\n', 'abc\n'],
  ['a title, by BEL and by ST', '\u001b]0;owned\u0007a\u001b]2;owned\u001b\\b', 'ab'],
  ['a clipboard, never ended', 'a\u001b]52;c;ZXZpbA==\nb', 'a\nb'],
  ['C1', 'a\u009b2Jb\u0085c', 'a\\u009b2Jb\\u0085c'],
  ['a reset', 'a\u001bcb', 'ab'],
  ['an escape at the end', 'a\u001b', 'a\\u001b'],
  ['carriage return, backspace, DEL, NUL', 'a\rb\bc\u007fd\u0000', 'a\\u000db\\u0008c\\u007fd\\u0000'],
  ['a turned direction', 'a\u202egpj.exe\u2066\u200fb\u061c', 'a\\u202egpj.exe\\u2066\\u200fb\\u061c'],
])('%s', (_, text, shown) => {
  expect(terminalText(text, false)).toBe(shown);
  expect(terminalText(text, true)).toBe(shown);
});

test('colors stay where there are some, and nothing else of their kind', () => {
  const text = '\u001b[1;31mred\u001b[0m\u001b[3Aup\u001b[?25l\n';
  expect(terminalText(text, true)).toBe('\u001b[1;31mred\u001b[0mup\n');
  expect(terminalText(text, false)).toBe('redup\n');
});

test('JSON stays the same data', () => {
  const data = { name: 'a\u001b[2J\u009b2J\u007f\u202e\u2028\n', list: ['\u0000'] };
  const text = terminalText(JSON.stringify(data), false);
  expect(text).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/);
  expect(JSON.parse(text)).toEqual(data);
});
