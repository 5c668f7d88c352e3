import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, expect, test } from 'vitest';
import { readLocalText } from '../../src/host/local-files.ts';
import { processesOf, Stage } from './rehearsal.ts';

const stage = new Stage();
afterEach((test) => stage.settle(test));
afterAll(() => stage.dispose());

test('etcd and NATS deny who has no password, and no argument, log or event holds it', async () => {
  const { events } = await stage.rehearse('disaggregated', '--keep');
  const [id = ''] = readdirSync(stage.runs);
  const dir = join(stage.runs, id);
  try {
    const bound = events.find(({ kind }) => kind === 'nodes-bound') as { nodes: { ip: string }[] };
    const head = bound.nodes[0]?.ip ?? '';
    const range = {
      method: 'POST',
      body: JSON.stringify({ key: 'AA==', range_end: 'AA==', count_only: true }),
    };
    const answer = await fetch(`http://${head}:2379/v3/kv/range`, range);
    expect(await answer.json()).toMatchObject({ error: 'etcdserver: user name is empty' });
    const nats = connect(4222, head);
    nats.end('CONNECT {"verbose":false}\r\nPING\r\n');
    expect(await text(nats)).toMatch(/\r\n-ERR 'Authorization Violation'/);

    const credentials = readFileSync(join(dir, 'state/credentials'), 'utf8');
    const secrets = [...credentials.matchAll(/PASSWORD=(\S+)/g)].map(([, secret]) => secret ?? '');
    expect(secrets).toHaveLength(2);
    const arguments_ = processesOf(stage.runs).join('\n');
    const files = readdirSync(dir, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name !== 'credentials')
      // The supervisor writes some under a passing name, which may be gone by now.
      .map((entry) => readLocalText(join(entry.parentPath, entry.name)) ?? '');
    for (const secret of secrets)
      expect([arguments_, ...files].filter((seen) => seen.includes(secret))).toEqual([]);
  } finally {
    await stage.run('cancel', id);
  }
});
