import { expect, test } from 'vitest';
import { splitWords } from '../../../../src/cli/commands/session/prompt-words.ts';

test.each([
  ['', []],
  ['  restart   decode-0 ', ['restart', 'decode-0']],
  [`exec 1 -- bash -c 'echo "$A" b'`, ['exec', '1', '--', 'bash', '-c', 'echo "$A" b']],
  ['--arg "x=a b"', ['--arg', 'x=a b']],
  ['--arg x="a \\"b\\""c', ['--arg', 'x=a "b"c']],
  ['a\\ b', ['a b']],
  [`it''s ''`, ['its', '']],
  [`'open`, [`'open`]],
])('%j', (line, words) => {
  expect(splitWords(line)).toEqual(words);
});
