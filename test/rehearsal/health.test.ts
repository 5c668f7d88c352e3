import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, expect, test } from 'vitest';
import { Stage } from './rehearsal.ts';
import { eventOf, eventsOf, signalTask, submit } from './submitted.ts';

const stage = new Stage();
afterEach((test) => stage.settle(test));
afterAll(() => stage.dispose());

/** Milliseconds, of leased.yaml. */
const LEASE = 10_000;

const statusOf = async (run: string) => JSON.parse((await stage.run('status', run, '--json')).stdout);

test('a worker that stands still loses its lease, and did not crash', async () => {
  const run = await submit(stage, 'leased');
  await eventOf(run, 'ready');
  const decode = { step: 'decode-0', program: 'python' };

  signalTask(run, decode, 'SIGSTOP');
  expect(await eventOf(run, 'unregistered')).toMatchObject({
    reason: 'decode-0 on node2 has lost its registration in etcd, although its process runs',
    role: 'decode',
    have: 1,
    want: 2,
    missing: ['decode-0'],
  });
  expect(await statusOf(run.run)).toMatchObject({ state: 'degraded', unregistered: [{ role: 'decode' }] });
  signalTask(run, decode, 'SIGCONT');
  expect(await eventOf(run, 'degraded')).toMatchObject({
    reason: expect.stringMatching(
      /^decode-0 on node2 exited with code 0, \d+ s after its registration in etcd was lost$/,
    ),
    missing: ['decode-0'],
  });
  expect((await stage.run('cancel', run.run)).code).toBe(0);
});

test('a worker that stands still for too long ends the job', async () => {
  const run = await submit(stage, 'soon-lost');
  await eventOf(run, 'ready');
  signalTask(run, { step: 'prefill-0', program: 'python' }, 'SIGSTOP');
  expect(await eventOf(run, 'verdict')).toMatchObject({
    outcome: 'failed',
    reason: expect.stringMatching(
      /^prefill-0 has been without its registration in etcd for \d+ s, although its process runs$/,
    ),
    step: 'prefill-0',
    node: 'node0',
  });
});

test('what ends because etcd stood still is not to blame', async () => {
  const run = await submit(stage, 'leased');
  await eventOf(run, 'ready');
  const etcd = { step: 'etcd', program: 'etcd' };

  signalTask(run, etcd, 'SIGSTOP');
  expect(await eventOf(run, 'stalled')).toMatchObject({
    step: 'etcd',
    reason: expect.stringMatching(/^etcd has not answered for \d+ s, although its process runs$/),
  });
  expect(await statusOf(run.run)).toMatchObject({ state: 'stalled', stalled: { step: 'etcd' } });
  await sleep(LEASE);
  signalTask(run, etcd, 'SIGCONT');
  expect(await eventOf(run, 'verdict')).toMatchObject({
    outcome: 'failed',
    reason: expect.stringMatching(
      /^etcd did not answer for \d+ s, leases ran out, and .* exited with code 0(; no decode worker is left)?$/,
    ),
  });
});

test('an etcd that stands still for too long ends the job', async () => {
  const run = await submit(stage, 'soon-lost');
  await eventOf(run, 'ready');
  signalTask(run, { step: 'etcd', program: 'etcd' }, 'SIGSTOP');
  expect(await eventOf(run, 'verdict')).toMatchObject({
    outcome: 'failed',
    reason: expect.stringMatching(/^etcd has not answered for \d+ s, although its process runs$/),
    step: 'etcd',
  });
  expect(eventsOf(run).map(({ kind }) => kind)).not.toContain('unregistered');
});

test.each([
  ['decode-1:stop', 'the workers to register: 1 of 2 decode workers registered; missing: decode-1'],
  ['etcd:stop', 'etcd: etcd is not locked yet'],
])('%s before ready ends the job for lack of progress', async (fault, missing) => {
  const { code, events } = await stage.rehearse('impatient', '--fault', fault);
  expect(code).toBe(8);
  expect(events.at(-1)).toMatchObject({
    outcome: 'deadline',
    reason: `no progress for 20 s, waiting for ${missing}`,
  });
});
