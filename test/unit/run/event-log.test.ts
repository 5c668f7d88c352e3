import { appendFile, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { localHost } from '../../../src/host/local.ts';
import { followRunLog, readRunLog } from '../../../src/run/event-log.ts';
import type { ObservedEvent } from '../../../src/run/events.ts';

const host = localHost({ path: [], env: {} });
const waiting = (reason: string) =>
  `${JSON.stringify({ time: '2025-11-24T05:43:00Z', kind: 'waiting', reason })}\n`;
const word = (event: ObservedEvent) => (event.kind === 'waiting' ? event.reason : event.kind);

let run: { dir: string };
let log: string;
beforeEach(async () => {
  run = { dir: await mkdtemp(join(tmpdir(), 'dyn-slurm-test-')) };
  log = join(run.dir, 'events.jsonl');
});

test('a run that has not begun has no events', async () => {
  expect(await readRunLog(host, run)).toEqual({ events: [], offset: 0, damaged: false });
});

test('a line that is still being written is left for later', async () => {
  await writeFile(log, `${waiting('one')}${waiting('zwei – dva').slice(0, 20)}`);
  const { events, offset } = await readRunLog(host, run);
  expect([events.map(word), offset]).toEqual([['one'], waiting('one').length]);
});

test('damage is reported once', async () => {
  await writeFile(log, `${waiting('one')}\0\0\0\n\nnot json\n${waiting('two')}`);
  const { events, damaged } = await readRunLog(host, run);
  expect([events.map(word), damaged]).toEqual([['one', 'unreadable', 'two'], true]);
});

/** Follows until `count` events have come; `act` happens after the first. */
async function follow(from: { offset: number; damaged: boolean }, count: number, act: () => Promise<void>) {
  const controller = new AbortController();
  const words: string[] = [];
  for await (const event of followRunLog(host, run, from, controller.signal)) {
    words.push(word(event));
    if (words.length === 1) await act();
    if (words.length === count) controller.abort();
  }
  return words;
}

test('goes on from where the reading ended, over lines that come in halves', async () => {
  await writeFile(log, waiting('one'));
  const past = await readRunLog(host, run);
  await appendFile(log, waiting('two'));
  const words = await follow(past, 3, async () => {
    await appendFile(log, waiting('trois – три').slice(0, 60));
    await new Promise((resolve) => setTimeout(resolve, 80));
    await appendFile(log, `${waiting('trois – три').slice(60)}garbage\n${waiting('four')}`);
  });
  expect(words).toEqual(['two', 'trois – три', 'unreadable', 'four']);
});

test('a log that begins anew is read from its beginning', async () => {
  await writeFile(log, `${waiting('a reason that is long')}${waiting('half').slice(0, 10)}`);
  const words = await follow({ offset: 0, damaged: false }, 2, () => writeFile(log, waiting('new')));
  expect(words).toEqual(['a reason that is long', 'new']);
});
