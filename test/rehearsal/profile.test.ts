import { afterAll, afterEach, expect, test } from 'vitest';
import { processesOf, Stage } from './rehearsal.ts';
import { eventOf, submit } from './submitted.ts';

const stage = new Stage();
afterEach(() => expect(processesOf(stage.runs)).toEqual([]));
afterAll(() => stage.dispose());

test('a mock engine has no profiler, and says so on its real route', async () => {
  const run = await submit(stage, 'watched');
  await eventOf(run, 'ready');
  const { code, stderr } = await stage.run('profile', run.run, '--role', 'decode', '--seconds', '1');
  expect({ code, stderr }).toEqual({
    code: 4,
    stderr: `decode-0: its engine has no route for profiling
decode-1: its engine has no route for profiling
nothing was profiled: decode-0: its engine has no route for profiling; decode-1: its engine has no route for profiling
  hint: a rehearsal has mock engines, which cannot be profiled: profile a run on GPUs
`,
  });
  const { stdout } = await stage.run('export', run.run, '--scrape');
  const target = JSON.parse(stdout).at(-1).targets[0];
  const answer = await fetch(`http://${target}/engine/control/start_profile`, { method: 'POST', body: '{}' });
  expect([answer.status, await answer.json()]).toEqual([
    404,
    { error: 'Route not found', message: 'Route /engine/control/start_profile not found' },
  ]);
  expect((await stage.run('cancel', run.run)).code).toBe(0);
});
