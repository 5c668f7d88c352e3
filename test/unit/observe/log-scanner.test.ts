import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { LogScanner } from '../../../src/observe/log-scanner.ts';
import { packageRoot } from '../../world.ts';

/** What a scanner tells of a log that comes in pieces of so many bytes. */
function scanned(bytes: Uint8Array, piece: number): readonly unknown[] {
  const said: unknown[] = [];
  const scanner = new LogScanner({
    engine: (line) => said.push(line),
    signature: ({ name }, line) => said.push([name, line]),
  });
  for (let at = 0; at < bytes.length; at += piece) scanner.push(bytes.subarray(at, at + piece));
  scanner.end();
  return said;
}

describe('however a log comes', () => {
  test.each([1, 2, 7, 64, 1000])('in pieces of %d bytes', async (piece) => {
    const text = await readFile(join(packageRoot, 'test/recorded/sglang/0.5.23.log'), 'utf8');
    const bytes = Buffer.from(`${text}RuntimeError: DeepEP error: timeout (dispatch CPU)`);
    const whole = scanned(bytes, bytes.length);
    expect(whole).toHaveLength(37);
    expect(whole.at(-1)).toEqual(['deepep-timeout', 'RuntimeError: DeepEP error: timeout (dispatch CPU)']);
    expect(scanned(bytes, piece)).toEqual(whole);
  });
});

test('a signature next to a word of a stage, NUL, broken UTF-8 and escapes', () => {
  const bytes = Buffer.concat([
    Buffer.from('\u0000\u0000\n'),
    Buffer.from([0xff, 0xfe, 0xc3, 10]),
    Buffer.from('\u001b[31mException: Capture cuda graph failed: CUDA out of memory\u001b[0m\r\n'),
    Buffer.from('  50%|##| 1/2\rCapturing batches (bs=8):  50%|#####     | 2/4 [00:03<00:02]\r'),
  ]);
  expect(scanned(bytes, 5)).toEqual([
    ['cuda-out-of-memory', '\u001b[31mException: Capture cuda graph failed: CUDA out of memory\u001b[0m'],
    expect.objectContaining({ kind: 'stage', stage: 'cuda-graphs', state: 'going', done: 2, total: 4 }),
  ]);
});

test('a line of a gigabyte is passed over but for its beginning', () => {
  const said: unknown[] = [];
  const scanner = new LogScanner({
    engine: (line) => said.push(line),
    signature: ({ name }, line) => said.push([name, line.length]),
  });
  scanner.push(Buffer.from('CUDA out of memory '));
  const block = Buffer.alloc(1024 * 1024, 'x');
  for (let count = 0; count < 1024; count++) scanner.push(block);
  scanner.push(Buffer.from('\nDecode batch, #running-req: 3\n'));
  expect(said).toEqual([
    ['cuda-out-of-memory', expect.any(Number)],
    expect.objectContaining({ kind: 'decode', running: 3 }),
  ]);
  expect((said[0] as [string, number])[1]).toBeLessThanOrEqual(64 * 1024);
});

test('a setup is the first stage of a start', () => {
  const log = `dyn-slurm: 2026-08-19T14:11:49+0000 setup waits: setup, until another step of this node has run its own
dyn-slurm: 2026-08-19T14:12:49+0000 setup begins: setup, for at most 600 s
a setup begins: of another kind
dyn-slurm: 2026-08-19T14:13:01+0000 setup ends: setup, after 12 s
dyn-slurm: 2026-08-19T14:13:01+0000 setup setup is left out, because a rehearsal must not change this machine
`;
  const stage = { kind: 'stage', stage: 'setup', zoned: true, ranks: {} };
  expect(scanned(Buffer.from(log), 1000)).toEqual([
    { ...stage, state: 'going', time: Date.UTC(2026, 7, 19, 14, 11, 49) },
    { ...stage, state: 'going', time: Date.UTC(2026, 7, 19, 14, 12, 49) },
    { ...stage, state: 'done', time: Date.UTC(2026, 7, 19, 14, 13, 1) },
  ]);
});
