import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readBeginning } from '../../../src/host/read-beginning.ts';

const never = new AbortController().signal;

const folder = () => mkdtempSync(join(tmpdir(), 'read-'));

function fifo(): string {
  const path = join(folder(), 'f.yaml');
  execFileSync('mkfifo', [path]);
  return path;
}

test('files and devices, as far as so many bytes', async () => {
  const path = join(folder(), 'c.yaml');
  writeFileSync(path, 'name: ä\n');
  expect(await readBeginning(path, 100, never)).toBe('name: ä\n');
  expect(await readBeginning(path, 4, never)).toBe('name');
  expect(await readBeginning('/dev/zero', 1000, never)).toBe('\0'.repeat(1000));
  await expect(readBeginning(`${path}/x`, 1, never)).rejects.toMatchObject({ code: 'ENOTDIR' });
  await expect(readBeginning(`${path}x`, 1, never)).rejects.toMatchObject({ code: 'ENOENT' });
});

test('a FIFO whose writer comes later, writes in parts and goes', async () => {
  const path = fifo();
  const read = readBeginning(path, 100, never);
  // Opens only because somebody reads already.
  const writer = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  writeSync(writer, 'name: ');
  await new Promise(setImmediate);
  writeSync(writer, 'a\n');
  closeSync(writer);
  expect(await read).toBe('name: a\n');
});

test('more than so many bytes of a FIFO are left to whoever reads on', async () => {
  const path = fifo();
  const read = readBeginning(path, 4, never);
  const writer = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  writeSync(writer, 'name: a');
  expect(await read).toBe('name');
  closeSync(writer);
});

test('a FIFO that nobody writes to ends with the abort', async () => {
  const stop = new AbortController();
  const read = readBeginning(fifo(), 100, stop.signal);
  stop.abort();
  await expect(read).rejects.toThrow('interrupted while reading it');
});
