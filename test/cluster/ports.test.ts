import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, clusterAvailable, down, up } from './cluster.ts';
import { occupy, Runs } from './runs.ts';

const unavailable = clusterAvailable();

/** What lets a job share its nodes. */
const SHARED = { slurm: { exclusive: false } };

describe.skipIf(unavailable)(`ports that are taken${unavailable ? ` (skipped: ${unavailable})` : ''}`, () => {
  let cluster: Cluster;
  let runs: Runs;
  beforeAll(async () => {
    cluster = await up({ nodes: 3 });
    runs = new Runs(cluster);
  });
  afterAll(() => down(cluster));
  afterEach(() => runs.clear());

  const chat = async (url: string) => {
    const answer = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'tiny', messages: [{ role: 'user', content: 'hi' }], max_tokens: 8 }),
    });
    return answer.json();
  };
  const cancelled = { code: 9, verdict: { outcome: 'cancelled' } };

  test('on shared nodes all ports move, and the real ones are told', async () => {
    const free = await Promise.all([
      occupy(cluster, 'node1', 8000),
      occupy(cluster, 'node1', 2379),
      occupy(cluster, 'node2', 8081),
      occupy(cluster, 'node3', 9081),
    ]);
    try {
      // It warns that other users of the nodes reach its services.
      const sections = { ...SHARED, prefill: { nodes: 1 }, decode: { nodes: 2 } };
      const { code, stdout: sent } = await runs.cli('submit', runs.config('moved', sections), '--json');
      expect(code).toBe(0);
      const run = JSON.parse(sent);
      const ready = await runs.event(run, 'ready');
      const moves = (await runs.events(run)).filter(({ kind }) => kind === 'port-moved');
      expect(moves).toMatchObject([
        {
          from: expect.stringMatching(/^2379,4222,.*\b8000,.*\b8081\b/),
          to: expect.stringMatching(/^3479,5322,.*\b9100,.*\b9181\b/),
          reason: expect.stringMatching(
            /^node\d has port \d+ in use already, which (etcd|frontend-0|decode-0) needs: python3? \(process \d+\) of user/,
          ),
        },
      ]);
      const url = `http://${cluster.nodes[0]?.ip}:9100`;
      expect(ready).toMatchObject({ url });
      expect(await chat(url)).toMatchObject({ usage: { completion_tokens: 8 } });
      expect((await runs.cli('forward', run.run)).stdout).toBe(`${url}\n`);
      expect((await runs.cli('status', run.run)).stdout).toContain(url);
      const { stdout } = await cluster.onNode('node2', ['ss', '-Hltn', 'sport = :9181']);
      expect(stdout).not.toBe('');
      await runs.cli('cancel', run.run);
      await runs.ends(run, cancelled);
    } finally {
      for (const release of free) await release();
    }
  });

  test('on nodes of its own a job ends before anything starts, and says who has the port', async () => {
    const release = await occupy(cluster, 'node1', 8000);
    try {
      const run = await runs.submit('fixed', {});
      await runs.ends(run, {
        code: 7,
        verdict: {
          outcome: 'failed',
          reason: expect.stringMatching(
            /^node1 has port 8000 in use already, which frontend-0 needs: python3? \(process \d+\) of user \w+ listens on it$/,
          ),
        },
      });
      expect((await runs.events(run)).map(({ kind }) => kind)).not.toContain('step-started');
    } finally {
      await release();
    }
  });
});
