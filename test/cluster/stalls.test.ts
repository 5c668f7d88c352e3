import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, clusterAvailable, down, up } from './cluster.ts';
import { Runs } from './runs.ts';

const unavailable = clusterAvailable();

describe.skipIf(unavailable)(`stalls${unavailable ? ` (skipped: ${unavailable})` : ''}`, () => {
  let cluster: Cluster;
  let runs: Runs;
  beforeAll(async () => {
    cluster = await up({ nodes: 3, killWait: 10 });
    runs = new Runs(cluster);
  });
  afterAll(() => down(cluster));
  afterEach(() => runs.clear());

  test('a worker that stands still has lost its lease, and did not crash', async () => {
    const run = await runs.submit('still', {
      decode: { workers: 2, nodes: 2, critical: false },
      prefill: { nodes: 1 },
    });
    await runs.event(run, 'ready');
    await runs.signal(run, 'decode-1', 'STOP');
    const node = await runs.host(run, 'decode-1');
    expect(await runs.event(run, 'unregistered')).toMatchObject({
      role: 'decode',
      have: 1,
      want: 2,
      missing: ['decode-1'],
      reason: expect.stringContaining(`decode-1 on ${node} has lost its registration in etcd, and lives`),
    });
    const status = await runs.cli('status', run.run, '--json');
    expect({ code: status.code, verdict: JSON.parse(status.stdout).verdict }).toEqual({
      code: 0,
      verdict: null,
    });
    // Dynamo ends by itself, with exit code 0, when it learns of it.
    await runs.signal(run, 'decode-1', 'CONT');
    expect(await runs.event(run, 'degraded')).toMatchObject({
      step: 'decode-1',
      node,
      reason: expect.stringMatching(/registration in etcd was lost|lease in etcd had run out/),
    });
    await runs.cli('cancel', run.run);
    await runs.ends(run, { code: 9, verdict: { outcome: 'cancelled' } });
  });

  test('an etcd that stood still for longer than the leases is the cause of what ends by it', async () => {
    const run = await runs.submit('stalled', { aggregated: { nodes: 2 } });
    await runs.event(run, 'ready');
    await runs.signal(run, 'etcd', 'STOP');
    expect(await runs.event(run, 'stalled')).toMatchObject({ step: 'etcd' });
    // For longer than the leases, which are 3 s.
    await sleep(10_000);
    await runs.signal(run, 'etcd', 'CONT');
    await runs.ends(run, {
      code: 7,
      verdict: {
        outcome: 'failed',
        reason: expect.stringMatching(
          /^etcd did not answer for \d+ s, leases ran out, and (aggregated|frontend)-0 on node\d exited with code \d$/,
        ),
      },
    });
  });
});
