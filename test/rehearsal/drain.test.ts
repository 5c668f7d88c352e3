import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';
import { streamChat } from '../../src/rehearsal/chat.ts';
import { Stage } from './rehearsal.ts';
import { eventOf, eventsOf, submit } from './submitted.ts';

const stage = new Stage();
afterEach((test) => stage.settle(test));
afterAll(() => stage.dispose());

const TOKENS = 2000;
const FROM = /^drained by .+@.+, process \d+$/;

/** A request that streams: resolves once it has begun, with what it comes to. */
async function begin(url: string): Promise<{ readonly answer: ReturnType<typeof streamChat> }> {
  const begun = new AbortController();
  const chat = { url, model: 'tiny', prompt: 'Hello', maxTokens: TOKENS };
  const answer = streamChat({ ...chat, signal: new AbortController().signal }, () => begun.abort());
  if (!begun.signal.aborted) await once(begun.signal, 'abort');
  return { answer };
}

const serves = (url: string): Promise<boolean> =>
  fetch(`${url}/v1/models`).then(
    ({ ok }) => ok,
    () => false,
  );

test('a submitted job that is drained answers the request under way, and no new one', async () => {
  const run = await submit(stage, 'limited');
  const url = String((await eventOf(run, 'ready')).url);
  const { answer } = await begin(url);
  const draining = stage.run('drain', run.run, '--json');
  await eventOf(run, 'draining');
  await expect.poll(() => serves(url)).toBe(false);
  expect((await answer).tokens).toBe(TOKENS);
  const { code, stdout, stderr } = await draining;
  const verdict = await eventOf(run, 'verdict');
  expect(verdict).toMatchObject({ outcome: 'succeeded', reason: expect.stringMatching(FROM) });
  const events = eventsOf(run);
  const job = events[0]?.job;
  expect({ code, stderr, told: JSON.parse(stdout) }).toEqual({
    code: 0,
    stderr: '',
    told: { run: run.run, job, allocation: null, verdict },
  });
  const since = events.findIndex(({ kind }) => kind === 'command');
  expect(events.slice(since).map(({ kind, reason }) => [kind, reason])).toEqual([
    ['command', undefined],
    ['answer', 'requests under way are answered, and the job ends'],
    ['draining', expect.stringMatching(FROM)],
    ['teardown', expect.stringMatching(FROM)],
    ['verdict', expect.stringMatching(FROM)],
  ]);
  const again = await stage.run('drain', run.run);
  expect([again.code, again.stderr]).toEqual([2, expect.stringContaining('has ended: drained by ')]);
  expect(await stage.run('release', run.run)).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/ has ended already after .*; job \d+ ends with it\n$/),
  });
});

test('a session is drained like a job, and a job is released like a session', async () => {
  const config = join(import.meta.dirname, '../fixtures/rehearsal/limited.yaml');
  const opened = await stage.run('allocate', config, '--cluster', 'local', '--no-prompt', '--json');
  expect(opened.code).toBe(0);
  const drained = await stage.run('drain');
  expect(drained.code).toBe(0);
  expect(drained.stdout).toMatch(/^limited-\w+ has ended after .*; its allocation, job \d+, is released\n$/);
  expect(drained.stderr.replace(/\d\d:\d\d:\d\d/g, '#')).toMatch(
    /^# {2}.*drained by .*\n# {2}.*drained by .*\n$/,
  );

  const run = await submit(stage, 'limited');
  await eventOf(run, 'ready');
  const released = await stage.run('release', run.run);
  expect([released.code, released.stdout]).toEqual([
    0,
    expect.stringMatching(/^limited-\w+ has ended after .*; job \d+ ends with it\n$/),
  ]);
  expect(await eventOf(run, 'verdict')).toMatchObject({
    outcome: 'succeeded',
    reason: expect.stringMatching(/^released by /),
  });
});
