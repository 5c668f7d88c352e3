import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';
import { Stage } from './rehearsal.ts';

const stage = new Stage();
afterEach((test) => stage.settle(test));
afterAll(() => stage.dispose());

const textOf = (...path: readonly string[]): string => readFileSync(join(stage.runs, ...path), 'utf8');

test('workers find the store’s master, which starts before they do', async () => {
  const { code, events, stderr } = await stage.rehearse('mooncake');
  expect(stderr).toBe('');
  expect(events.findLast(({ kind }) => kind === 'chat')).toMatchObject({ tokens: 48 });
  expect(code).toBe(0);
  const [run = ''] = readdirSync(stage.runs).filter((name) => name.startsWith('mooncake-'));
  const [, head = ''] =
    /^http:\/\/(.*):8000$/.exec(String(events.find(({ kind }) => kind === 'ready')?.url)) ?? [];
  for (const worker of [0, 1])
    expect(JSON.parse(textOf(run, 'state', `aggregated-${worker}.0.mooncake.json`))).toEqual({
      metadata_server: `http://${head}:8701/metadata`,
      global_segment_size: '1GB',
      protocol: 'tcp',
      master_server_address: `${head}:8700`,
    });
  expect(textOf(run, 'logs/mooncake.node0.log')).toContain(
    'rehearsal: a stand-in for mooncake_master listens on 8700 8701 8702\n',
  );
});

test('the end of the master ends the job', async () => {
  const { code, events } = await stage.rehearse('mooncake', '--fault', 'mooncake:kill@ready');
  expect(events.at(-1)).toMatchObject({
    kind: 'verdict',
    outcome: 'failed',
    step: 'mooncake',
    node: 'node0',
    signal: 'KILL',
  });
  expect(code).toBe(7);
});

test('a job on loopback reaches it too', async () => {
  const one = [
    '--set',
    'infra.bind=loopback',
    '--set',
    'aggregated.workers=1',
    '--set',
    'aggregated.nodes=1',
  ];
  const { code, events } = await stage.rehearse('mooncake', ...one);
  expect(events.findLast(({ kind }) => kind === 'chat')).toMatchObject({ tokens: 48 });
  expect(code).toBe(0);
});
