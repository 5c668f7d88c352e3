import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';
import { Stage } from './rehearsal.ts';

const stage = new Stage();
afterEach((test) => stage.settle(test));
afterAll(() => stage.dispose());

const CONFIG = join(import.meta.dirname, '../fixtures/rehearsal/disaggregated.yaml');

test('watchers come and go, and those who stay see the end', async () => {
  const submitted = await stage.run('submit', CONFIG, '--cluster', 'local', '--json');
  const { run } = JSON.parse(submitted.stdout) as { run: string };
  const watcher = stage.start('watch', run);
  const reader = stage.start('logs', '-f', run);
  await watcher.line(/ {2}ready after /);
  await reader.line(/prefill-0@node0 +│ /);

  const guest = stage.start('watch');
  await guest.line(/ {2}ready after /);
  guest.interrupt();
  expect((await guest.ended).code).toBe(130);
  expect((await stage.run('status', run)).code).toBe(0);

  expect((await stage.run('cancel', run)).code).toBe(0);
  const [watched, read] = await Promise.all([watcher.ended, reader.ended]);
  expect([watched.code, read.code]).toEqual([9, 0]);
  expect(
    watched.stdout
      .replace(/^\d\d:\d\d:\d\d {2}/gm, '')
      .trimEnd()
      .split('\n')
      .slice(-2),
  ).toEqual(['tearing down: cancelled', expect.stringMatching(/^cancelled after .*: cancelled$/)]);
  expect((await stage.run('status', run)).code).toBe(9);
});
