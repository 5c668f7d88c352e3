import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, clusterAvailable, down, up } from './cluster.ts';
import { occupy, Runs } from './runs.ts';

const unavailable = clusterAvailable();

/** Has a port taken on its node before it starts what it stands for, the first time. */
const THIEF = `#!/bin/bash
PATH=\${PATH#*:}
if mkdir "$STOLEN" 2>/dev/null; then
  python3 -c "import socket,time; s=socket.create_server(('',$STEAL)); time.sleep(600)" >/dev/null 2>&1 &
  until ss -Hltn "sport = :$STEAL" | grep -q .; do sleep 0.05; done
fi
exec python3 "$@"
`;

describe.skipIf(unavailable)(`ports that are taken${unavailable ? ` (skipped: ${unavailable})` : ''}`, () => {
  let cluster: Cluster;
  let runs: Runs;
  let path = '';
  beforeAll(async () => {
    cluster = await up({ nodes: 3 });
    runs = new Runs(cluster);
    mkdirSync(join(cluster.shared, 'thief'));
    writeFileSync(join(cluster.shared, 'thief/python3'), THIEF, { mode: 0o755 });
    const { stdout } = await cluster.onNode('node1', ['bash', '-lc', 'echo $PATH']);
    path = `${cluster.shared}/thief:${stdout.trim()}`;
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

  test('before anything starts: others are taken, and the real ones are told', async () => {
    const free = await Promise.all([
      occupy(cluster, 'node1', 8000),
      occupy(cluster, 'node1', 2379),
      occupy(cluster, 'node2', 8081),
      occupy(cluster, 'node3', 9081),
    ]);
    try {
      const run = await runs.submit('moved', { prefill: { nodes: 1 }, decode: { nodes: 2 } });
      const ready = await runs.event(run, 'ready');
      const moves = (await runs.events(run)).filter(({ kind }) => kind === 'port-moved');
      expect(Object.fromEntries(moves.map(({ from, to, reason }) => [from, [to, reason]]))).toEqual({
        2379: ['3379', 'port 2379, which etcd needs, is in use on node1'],
        8000: ['9000', 'port 8000, which frontend-0 needs, is in use on node1'],
        8081: ['9181', 'port 8081, which decode-0 needs, is in use on node2'],
      });
      const url = `http://${cluster.nodes[0]?.ip}:9000`;
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

  test('a port that the config gives stays, and ends the job with the name of who needs it', async () => {
    const release = await occupy(cluster, 'node1', 8000);
    try {
      const run = await runs.submit('fixed', { frontend: { port: 8000 } });
      await runs.ends(run, {
        code: 7,
        verdict: {
          outcome: 'failed',
          reason: 'node1 has port 8000 in use already, which frontend-0 needs',
        },
      });
      expect((await runs.events(run)).map(({ kind }) => kind)).not.toContain('step-started');
    } finally {
      await release();
    }
  });

  test.each([
    ["the frontend's", 8000, 'frontend-0', { frontend: {} }],
    ["a worker's", 7777, 'aggregated-0', { aggregated: { nodes: 1 } }],
  ])('%s that is stolen after it was found free', async (_, port, step, sections) => {
    const stolen = join(cluster.shared, `stolen-${port}`);
    const env = { PATH: path, STEAL: String(port), STOLEN: stolen };
    const [[section = '', own] = []] = Object.entries(sections);
    const run = await runs.submit('stolen', { [section]: { ...own, env } });
    const { url } = await runs.event(run, 'ready');
    const moved = (await runs.events(run)).find(
      ({ kind, from }) => kind === 'port-moved' && from === String(port),
    );
    expect(moved).toMatchObject({
      to: String(port + 1000),
      reason: expect.stringMatching(new RegExp(`^${step} on node\\d found it taken: .*in use`, 'i')),
    });
    expect(await chat(String(url))).toMatchObject({ usage: { completion_tokens: 8 } });
    await runs.cli('cancel', run.run);
    await runs.ends(run, cancelled);
  });
});
