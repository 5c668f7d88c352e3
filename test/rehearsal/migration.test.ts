import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';
import { BenchClient } from '../../src/bench/client/client.ts';
import { streamChat } from '../../src/rehearsal/chat.ts';
import { Stage } from './rehearsal.ts';
import { eventOf, type Submitted, signalTask, submitFile } from './submitted.ts';

const stage = new Stage();
afterEach((test) => stage.settle(test));
afterAll(() => stage.dispose());

const CONFIG = join(import.meta.dirname, '../fixtures/rehearsal/migrating.yaml');
/** Of a stream: at the pace of the mock engine enough for several seconds. */
const TOKENS = 3000;
const STREAMS = 4;
const UNSTOPPED = new AbortController().signal;

/** The sum of a counter or gauge of the frontend. */
async function metric(url: string, name: string): Promise<number> {
  const page = await (await fetch(`${url}/metrics`)).text();
  const values = [...page.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'gm'))];
  return values.reduce((sum, [, value]) => sum + Number(value), 0);
}

/** Streams of both of our clients, one of whose two decode workers is killed once all have begun. */
async function streamsOf(run: Submitted) {
  const url = String((await eventOf(run, 'ready')).url);
  const bench = new BenchClient(url, 'tiny');
  await bench.calibrate(16, UNSTOPPED);
  const load = {
    concurrency: STREAMS,
    requests: STREAMS,
    rate: 'inf',
    isl: 16,
    osl: TOKENS,
    ratio: 1,
    seed: 1,
  } as const;
  const measured = bench.run(load, UNSTOPPED, () => {});
  const begun = new Set<number>();
  const chats = Array.from({ length: STREAMS }, (_, index) =>
    streamChat({ url, model: 'tiny', prompt: 'Hello', maxTokens: TOKENS, signal: UNSTOPPED }, () => {
      begun.add(index);
    }).then(
      ({ tokens }) => tokens,
      (error: Error) => error.message,
    ),
  );
  await expect.poll(() => begun.size).toBe(STREAMS);
  await expect.poll(() => metric(url, 'dynamo_frontend_inflight_requests')).toBe(2 * STREAMS);
  signalTask(run, { step: 'decode-0', program: 'python' }, 'SIGKILL');
  const ends = { chats: await Promise.all(chats), bench: await measured };
  await bench.close();
  expect(await eventOf(run, 'worker-restarting')).toMatchObject({ step: 'decode-0', signal: 'KILL' });
  // It counts what has to move, and is above 0 too where nothing may.
  const migrated = await metric(url, 'dynamo_frontend_model_migration_total');
  await stage.run('cancel', run.run);
  return { ...ends, migrated };
}

test('streams of a worker that is killed go on at another one, and lose no token', async () => {
  const { chats, bench, migrated } = await streamsOf(await submitFile(stage, CONFIG));
  expect(chats).toEqual(Array(STREAMS).fill(TOKENS));
  expect(bench).toMatchObject({ completed: STREAMS, failed: 0, outputTokens: STREAMS * TOKENS });
  expect(migrated).toBeGreaterThan(0);
});

test('without migration they break off, which both clients count as errors', async () => {
  const file = join(stage.runs, 'unmoved.yaml');
  writeFileSync(file, `${readFileSync(CONFIG, 'utf8')}dynamo: { migration_limit: 0 }\n`);
  const { chats, bench } = await streamsOf(await submitFile(stage, file));
  const { failed = 0 } = bench;
  const broken = chats.filter((end) => end !== TOKENS);
  for (const end of broken) expect(end).toMatch(/cut off a chat completion: the stream reported an error: /);
  expect(bench.completed + failed).toBe(STREAMS);
  if (failed > 0) expect(bench.error).toMatch(/^the stream reported an error: /);
  expect(broken.length + failed).toBeGreaterThan(0);
});
