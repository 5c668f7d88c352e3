import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { logs } from '../../../../src/cli/commands/logs/logs.ts';
import { testServer } from '../../host/ssh/server.ts';
import { addRun, site } from '../run-folder.ts';

const RUN = 'r1-0a1b2c';
const lines = (who: string) =>
  `[2025-11-24 05:40:00 TP0] ${who} old\n[2025-11-24 05:44:30 TP0] ${who} new\n[2025-11-24 05:44:31 TP0] ${who} Last\n`;
const LOGS = {
  'logs/prefill-0.node1.log': lines('prefill on 1'),
  'logs/decode-0.node2.log': lines('decode on 2'),
  'logs/decode-0.node3.log': lines('decode on 3'),
};

test.each([
  ['a role', { role: 'prefill', lines: 1 }, ['prefill on 1 Last']],
  ['a node', { node: 'node3', lines: 2 }, ['decode on 3 new', 'decode on 3 Last']],
  ['a pattern', { grep: 'on [12] last' }, ['prefill on 1 Last', 'decode on 2 Last']],
  ['a time', { since: '1m', node: 'node2' }, ['decode on 2 new', 'decode on 2 Last']],
  ['all of it', { role: 'decode', since: '1m', node: 'node2', grep: 'w$' }, ['decode on 2 new']],
])('logs come over ssh, by %s', async (_, options, expected) => {
  const server = await testServer();
  const { world, out } = await site();
  const profiles = join(server.here, '.config/dyn-slurm/clusters');
  await mkdir(profiles, { recursive: true });
  await writeFile(join(profiles, 'far.yaml'), 'host: login\n');
  await addRun(join(server.home, 'dyn-slurm-runs'), { id: RUN, jobId: '4242', cluster: 'far', logs: LOGS });
  const env = { HOME: server.here, USER: 'me', PATH: world.env.PATH, DYN_SLURM_CLUSTER: 'far' };
  const far = { ...world, home: server.here, env };
  expect(await logs(RUN, undefined, { ...options, json: true }, far)).toBe(0);
  const said = out().trimEnd().split('\n');
  expect(said.map((line) => JSON.parse(line).line.replace(/^\[.*\] /, ''))).toEqual(expected);
  expect(server.logins).toBe(1);
});
