import { expect, test } from 'vitest';
import { lineWriter } from '../../../../src/rehearsal/slurm/line-writer.ts';

function written(chunks: readonly string[], options = {}): readonly string[] {
  const texts: string[] = [];
  const writer = lineWriter((text) => texts.push(text.toString()), options);
  for (const chunk of chunks) writer.push(Buffer.from(chunk));
  writer.end();
  return texts;
}

test.each([
  [
    ['a\nb', 'c\n'],
    ['a\n', 'bc\n'],
  ],
  [['no end'], ['no end']],
  [['a\nb\nc'], ['a\nb\n', 'c']],
  [[], []],
])('%j is passed on as %j', (chunks, texts) => {
  expect(written(chunks)).toEqual(texts);
});

test('lines get their label', () => {
  expect(written(['a\nb', 'c\n\nd'], { label: ' 3: ' })).toEqual([' 3: a\n', ' 3: bc\n 3: \n', ' 3: d']);
});

test('unbuffered, nothing waits', () => {
  expect(written(['a', 'b\nc'], { unbuffered: true })).toEqual(['a', 'b\n', 'c']);
});
