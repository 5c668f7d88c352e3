import { expect, test } from 'vitest';
import { MarkScanner } from '../../../../src/host/ssh/mark-scanner.ts';

const STREAM = Buffer.concat([
  Buffer.from('Welcome!\u001b[0m'),
  Buffer.from('\nS3N a\n'),
  Buffer.from([0, 255, 10, 10]),
  Buffer.from('S3N no\nS3\n'),
  Buffer.from('\nS3N =0\n\nS3N b c\nend\n'),
]);

/** What a scanner makes of the stream when it comes in pieces of a size. */
function scan(size: number): readonly (string | Buffer)[] {
  const scanner = new MarkScanner('S3N');
  const all: (string | Buffer)[] = [];
  for (let at = 0; at < STREAM.length; at += size) {
    for (const piece of scanner.push(STREAM.subarray(at, at + size))) {
      const last = all.at(-1);
      if ('mark' in piece) all.push(piece.mark);
      else if (Buffer.isBuffer(last)) all[all.length - 1] = Buffer.concat([last, piece.bytes]);
      else all.push(piece.bytes);
    }
  }
  return all;
}

test.each([1, 2, 3, 5, 7, 11, 1000])('finds marks in pieces of %i bytes', (size) => {
  expect(scan(size)).toEqual([
    Buffer.from('Welcome!\u001b[0m'),
    'a',
    Buffer.from([0, 255, 10]),
    'no',
    Buffer.from('S3\n'),
    '=0',
    'b c',
    // The last line break may be the beginning of a mark.
    Buffer.from('end'),
  ]);
});
