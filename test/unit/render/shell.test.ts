import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import type { Arg } from '../../../src/argument.ts';
import { commandLines, quote, quoteCommand, quoteWord, wrapCommand } from '../../../src/render/shell.ts';

test.each([
  ['plain', 'plain'],
  ['--mem-fraction-static', '--mem-fraction-static'],
  ['', "''"],
  ["it's", "'it'\\''s'"],
  ['a "b" $(id)', '\'a "b" $(id)\''],
  ['~/x', "'~/x'"],
  ['{"a":1}', '\'{"a":1}\''],
  ['*', "'*'"],
  ['#not a comment', "'#not a comment'"],
])('quotes %j as %s', (text, quoted) => {
  expect(quote(text)).toBe(quoted);
});

test.each<[Arg, string]>([
  [[{ ref: 'node-ip', node: 3 }, ':29500'], '"${NODE_IP[3]}:29500"'],
  [
    ['--nodelist=', { ref: 'node', node: 0 }, ',', { ref: 'node', node: 1 }],
    '"--nodelist=${NODE[0]},${NODE[1]}"',
  ],
  [['a"b$c`d\\', { ref: 'run-dir' }], '"a\\"b\\$c\\`d\\\\${RUN_DIR}"'],
  [['only ', 'text'], "'only text'"],
  [[{ ref: 'self-ip' }, { ref: 'rank' }, { ref: 'local-dir' }], '"${SELF_IP}${NODE_RANK}${LOCAL_DIR}"'],
])('quotes the word %j', (word, quoted) => {
  expect(quoteWord(word)).toBe(quoted);
});

test('refuses NUL', () => {
  expect(() => quote('a\u0000b')).toThrow('cannot hold a NUL byte');
  expect(() => quoteWord(['a\u0000b', { ref: 'rank' }])).toThrow('cannot hold a NUL byte');
});

test('breaks a command before its long options', () => {
  expect(
    commandLines(['python3', '-m', 'x', '--a', '1', '2', ['--b=', { ref: 'rank' }], 'c']).map(quoteCommand),
  ).toEqual(['python3 -m x', '--a 1 2', '"--b=${NODE_RANK}" c']);
});

test('wraps a command between words', () => {
  expect(wrapCommand(['srun', '--a', '--bb', '--a-long-word', 'c d'], 10)).toEqual([
    'srun --a',
    '--bb',
    '--a-long-word',
    "'c d'",
  ]);
});

/** Deterministic, so that a failure can be repeated. */
function* randomStrings(count: number): Generator<string> {
  let seed = 20261124;
  const next = (below: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return (seed >>> 8) % below;
  };
  const alphabet = [...'abc \t\n\r\'"\\$`!*?[]{}()<>|&;#~%^=+-,:@/0é漢🙂\u0001\u001b\u007f'];
  for (let index = 0; index < count; index += 1) {
    yield Array.from({ length: next(40) }, () => alphabet[next(alphabet.length)]).join('');
  }
}

test('10,000 random strings survive bash, alone and beside a run-time part', () => {
  const strings = [...randomStrings(10_000)];
  const script = strings
    .map((text) => `printf '%s\\0' ${quote(text)} ${quoteWord([text, { ref: 'run-dir' }, text])}\n`)
    .join('');
  const printed = execFileSync('bash', ['--norc', '-s'], {
    input: script,
    env: { RUN_DIR: '<$run>', LC_ALL: 'C.UTF-8' },
    maxBuffer: 64 * 1024 * 1024,
  })
    .toString()
    .split('\u0000');
  expect(printed.slice(0, -1)).toEqual(strings.flatMap((text) => [text, `${text}<$run>${text}`]));
});
