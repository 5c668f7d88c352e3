import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, expect, test } from 'vitest';
import { listedInEtcd } from '../etcd.ts';
import { TokenLoad } from '../token-load.ts';
import { Stage } from './rehearsal.ts';
import { type Event, eventOf, signalTask, submit } from './submitted.ts';

const stage = new Stage();
afterEach((test) => stage.settle(test));
afterAll(() => stage.dispose());

const jsonLines = (text: string): readonly Event[] =>
  text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));

test('the stream counts every token that clients got, and knows big ids', async () => {
  const run = await submit(stage, 'watched');
  const { url } = await eventOf(run, 'ready');
  const watching = stage.start('watch', run.run, '--json', '--every', '0.5');
  await watching.line(/"kind":"load"/);
  const load = new TokenLoad(String(url), 'tiny/Model-1', { clients: 4, tokens: 64 });
  while (load.requests < 60) await sleep(50);
  const counted = await load.stop();
  await watching.line(
    new RegExp(`"requestsPerSecond":0,.*"running":0,.*"requests":${counted.requests + 1},`),
  );
  const { code } = await stage.run('cancel', run.run);
  expect(code).toBe(0);

  const { stdout } = await watching.ended;
  const events = jsonLines(stdout);
  const loads = events.filter(({ kind }) => kind === 'load');
  const streamed = loads.reduce(
    (sum, each) => sum + Number(each.outputTokensPerSecond) * Number(each.seconds),
    0,
  );
  expect(counted.failures).toEqual([]);
  expect(Math.abs(streamed / counted.tokens - 1)).toBeLessThan(0.05);
  expect(loads.some(({ ttft, itl }) => ttft !== undefined && itl !== undefined)).toBe(true);
  const decoding = loads.flatMap(({ workers }) =>
    Object.entries(workers as Record<string, Record<string, number>>),
  );
  expect(new Set(decoding.map(([step]) => step))).toEqual(new Set(['prefill-0', 'decode-0', 'decode-1']));

  const sources = events.filter(({ kind }) => kind === 'source');
  expect(sources.map(({ source, state, via }) => ({ source, state, via }))).toEqual(
    expect.arrayContaining(
      ['etcd', 'nats', 'frontends', 'workers'].map((source) => ({ source, state: 'up', via: 'direct' })),
    ),
  );
  expect(events.find(({ kind }) => kind === 'bus')).toMatchObject({
    jetstream: { streams: 0 },
    services: [],
  });
  const healthy = {
    step: 'frontend-0',
    state: 'healthy',
    instances: 3,
    ready: true,
    workerTypes: { decode: 2, prefill: 1 },
  };
  // On a busy machine a frontend may at first not answer in time.
  expect(events.filter(({ kind }) => kind === 'health')).toContainEqual(
    expect.objectContaining({ frontends: [expect.objectContaining(healthy)] }),
  );
  const { instances } = events.find(({ kind }) => kind === 'instances') as unknown as {
    instances: { id: string; lease: string; step: string }[];
  };
  expect(instances.map(({ step }) => step).sort()).toEqual(['decode-0', 'decode-1', 'prefill-0']);
  // An id that has gone through a number has lost its last digits.
  for (const { id, lease } of instances) {
    expect(BigInt(id).toString(16)).toBe(lease);
    expect(BigInt(id)).toBeGreaterThan(2n ** 53n);
  }
});

test('a worker that is killed under load is lost before its lease in etcd runs out', async () => {
  const run = await submit(stage, 'watched');
  const { url } = await eventOf(run, 'ready');
  const watching = stage.terminal('watch', run.run);
  await watching.says(/decode-1 +node3 +ready/);
  const load = new TokenLoad(String(url), 'tiny/Model-1', { clients: 4, tokens: 64 });
  await watching.says(/[1-9][\d,]* tok\/s out/);

  signalTask(run, { step: 'decode-1', program: 'python' }, 'SIGKILL');
  await watching.says(/decode-1 +node3 +lost .*etcd still lists/);
  const { hostname } = new URL(String(url));
  const credentials = readFileSync(join(run.dir, 'state/credentials'), 'utf8');
  expect(await listedInEtcd(hostname, credentials, 'backend')).toHaveLength(2);
  await watching.says(/etcd prefill 1\/1, decode 1\/2/);
  await load.stop();

  expect((await stage.run('cancel', run.run)).code).toBe(0);
  await watching.ended;
});
