import { expect, test } from 'vitest';
import { plainText } from '../../../src/host/plain-text.ts';

test.each([
  ['colors', '\u001b[1;31mERROR\u001b[0m out of memory', 'ERROR out of memory'],
  ['a clipboard write', 'a\u001b]52;c;cm0gLXJmIC8=\u0007b', 'ab'],
  ['a title, ended by ST', 'a\u001b]0;title\u001b\\b', 'ab'],
  ['an unended title', 'a\u001b]0;title', 'a'],
  ['a screen switch', '\u001b[?1049h\u001b[2Jx', 'x'],
  ['eight-bit introducers', 'a\u009b31mb', 'ab'],
  ['a reset', '\u001bcx', 'x'],
  ['bells, NUL and backspaces', 'a\u0007\u0000\b\u007fb', 'a····b'],
  ['a lone escape', 'a\u001b', 'a·'],
  ['turned text', 'a\u202eb\u2066c', 'a·b·c'],
  ['tabs stay', 'a\tb', 'a\tb'],
  ['other scripts stay', 'Modèle prêt ✓ 模型', 'Modèle prêt ✓ 模型'],
])('%s', (_, line, plain) => {
  expect(plainText(line)).toBe(plain);
});
