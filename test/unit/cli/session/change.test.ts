import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { run } from '../../../../src/cli/program.ts';
import { changedCommand } from '../../../../src/cli/runs/session/change.ts';
import type { Session } from '../../../../src/cli/runs/session/lookup.ts';
import { localHost } from '../../../../src/host/local.ts';
import type { SessionStep } from '../../../../src/run/session-state.ts';
import { site } from '../run-folder.ts';

const CONFIG = `name: lab
topology: {gpu: h100, decode: {args: {mem-fraction-statc: 0.8}}, prefill: {}}
model: {path: /models/tiny}
slurm: {account: me, partition: batch, time: 1h}
`;

/** What `restart decode-0 --arg …` changes, and says. */
async function restarted(args: Readonly<Record<string, string>>) {
  const place = await site();
  const { world } = place;
  const dir = join(world.home, 'lab-0a1b2c');
  await writeFile(join(world.home, 'job.yaml'), CONFIG);
  expect(await run(['render', 'job.yaml', '--out', dir], '0', { ...world, err: { write: () => {} } })).toBe(
    0,
  );
  const session = {
    run: { id: 'lab-0a1b2c', dir },
    job: { cluster: 'default' },
    connection: { host: localHost({ path: [], env: {} }) },
  } as unknown as Session;
  const step = { name: 'decode-0', kind: 'worker', role: 'decode' } as SessionStep;
  const change = await changedCommand(session, step, { settings: { args, env: {} }, reset: false }, world);
  return { difference: change?.difference, said: place.err() };
}

test('a change says what is doubtful in it, and not again what is in the config', async () => {
  expect(await restarted({ 'contxt-length': '4096' })).toEqual({
    difference: ['+ --contxt-length 4096'],
    said: expect.stringMatching(
      /^command line:\d+:\d+ {2}warning: decode\.args\.contxt-length: .*; did you mean "context-length"\?\n/,
    ),
  });
  expect((await restarted({ 'contxt-length': '4096' })).said).not.toContain('mem-fraction-statc');
  expect(await restarted({ 'context-length': '4096' })).toEqual({
    difference: ['+ --context-length 4096'],
    said: '',
  });
});

test('what cannot be is refused, and nothing is changed', async () => {
  expect(await restarted({ 'context-length': 'sixteen' })).toMatchObject({
    said: expect.stringContaining('context-length'),
  });
});
