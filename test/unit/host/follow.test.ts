import { appendFile, mkdtemp, rename, truncate, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { localHost } from '../../../src/host/local.ts';

const host = localHost({ path: [], env: {} });

let log: string;
beforeEach(async () => {
  log = join(await mkdtemp(join(tmpdir(), 'dyn-slurm-test-')), 'events.jsonl');
});

/** Follows the file, doing each step once the text before it has arrived; `<` marks a new beginning. */
async function followed(steps: readonly (readonly [seen: string, act: () => Promise<void>])[], last: string) {
  const controller = new AbortController();
  const rest = [...steps];
  let seen = '';
  const advance = async () => {
    while (rest[0]?.[0] === seen) await rest.shift()?.[1]();
    if (rest.length === 0 && seen === last) controller.abort();
  };
  await advance();
  for await (const bytes of host.follow(log, 0, controller.signal)) {
    seen += bytes.length === 0 ? '<' : Buffer.from(bytes).toString();
    await advance();
  }
  return seen;
}

test('waits for a file, and follows as it grows', async () => {
  setTimeout(() => void writeFile(log, 'one\n'), 20);
  const seen = await followed(
    [
      ['one\n', () => appendFile(log, 'two\n')],
      ['one\ntwo\n', () => appendFile(log, 'three\n')],
    ],
    'one\ntwo\nthree\n',
  );
  expect(seen).toBe('one\ntwo\nthree\n');
});

test('starts at an offset', async () => {
  await writeFile(log, 'one\ntwo\n');
  const controller = new AbortController();
  for await (const bytes of host.follow(log, 4, controller.signal)) {
    expect(Buffer.from(bytes).toString()).toBe('two\n');
    controller.abort();
  }
});

test('notices truncation', async () => {
  await writeFile(log, 'one\ntwo\n');
  const again = async () => {
    await truncate(log);
    await appendFile(log, 'new\n');
  };
  expect(await followed([['one\ntwo\n', again]], 'one\ntwo\n<new\n')).toBe('one\ntwo\n<new\n');
});

test('notices rotation to a longer file', async () => {
  await writeFile(log, 'one\n');
  const rotate = async () => {
    await rename(log, `${log}.1`);
    await writeFile(log, 'a much longer line\n');
  };
  expect(await followed([['one\n', rotate]], 'one\n<a much longer line\n')).toBe(
    'one\n<a much longer line\n',
  );
});

test('outlives the file', async () => {
  await writeFile(log, 'one\n');
  const replace = async () => {
    await writeFile(`${log}.new`, 'b\n');
    await unlink(log);
    await rename(`${log}.new`, log);
  };
  expect(await followed([['one\n', replace]], 'one\n<b\n')).toBe('one\n<b\n');
});

test('ends on abort while nothing happens', async () => {
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 30);
  const chunks: Uint8Array[] = [];
  for await (const bytes of host.follow(log, 0, controller.signal)) chunks.push(bytes);
  expect(chunks).toEqual([]);
});
