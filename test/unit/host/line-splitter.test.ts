import { expect, test } from 'vitest';
import { LineSplitter } from '../../../src/host/line-splitter.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

function split(chunks: readonly Uint8Array[], longest?: number): readonly string[] {
  const splitter = new LineSplitter(longest);
  const lines = chunks.flatMap((chunk) => splitter.push(chunk));
  const rest = splitter.end();
  return rest === undefined ? lines : [...lines, `${rest}…`];
}

test.each<[string, readonly Uint8Array[], readonly string[]]>([
  ['whole lines', [bytes('a\nb\n')], ['a', 'b']],
  ['lines across chunks', [bytes('a'), bytes('b\nc'), bytes('d\n')], ['ab', 'cd']],
  ['a last line without its break', [bytes('a\nb')], ['a', 'b…']],
  ['CRLF', [bytes('a\r'), bytes('\nb\r\n')], ['a', 'b']],
  ['empty lines', [bytes('\n\n')], ['', '']],
  ['a character across chunks', [bytes('é').slice(0, 1), bytes('é\n').slice(1)], ['é']],
  ['bytes that are no UTF-8', [Uint8Array.of(0x61, 0xff, 0x0a)], ['a\ufffd']],
])('%s', (_, chunks, lines) => {
  expect(split(chunks)).toEqual(lines);
});

test('a line without end comes in pieces', () => {
  expect(split([bytes('abcdefgh'), bytes('ij\nk\n')], 4)).toEqual(['abcd', 'efgh', 'ij', 'k']);
});

test('memory stays bounded however long a line is', () => {
  const splitter = new LineSplitter(1000);
  const chunk = bytes('x'.repeat(100_000));
  let held = 0;
  for (let round = 0; round < 50; round++) {
    const pieces = splitter.push(chunk);
    held = Math.max(held, pieces.length);
    expect(pieces.every((piece) => piece.length <= 1000)).toBe(true);
  }
  expect(held).toBeLessThanOrEqual(101);
  expect((splitter.end() ?? '').length).toBeLessThanOrEqual(1000);
});
