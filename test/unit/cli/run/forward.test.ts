import { expect, test } from 'vitest';
import { forward } from '../../../../src/cli/commands/run/forward.ts';
import { addRun, site } from '../run-folder.ts';

const RUN = 'r1-0a1b2c';
const running = { stdout: `4242|RUNNING|3|1763962970|1763962980|node[1-3]|dyn-slurm:${RUN}|None\n` };

test("a run of this machine's own network needs no way to it", async () => {
  const { world, root, out, err } = await site({ squeue: running });
  await addRun(root, { id: RUN, jobId: '4242', events: 'served', until: 'ready' });
  expect(await forward(undefined, {}, world)).toBe(0);
  expect(out()).toMatch(/^http:\/\/[\d.]+:8000\n$/);
  expect(err()).toBe('no tunnel is needed: this machine can reach the frontend directly\n');
});

test('a run that has ended has no frontend', async () => {
  const { world, root } = await site();
  await addRun(root, { id: RUN, jobId: '4242', events: 'served' });
  await expect(forward(RUN, {}, world)).rejects.toMatchObject({
    code: 'usage',
    message: expect.stringMatching(/^run r1-0a1b2c has ended: /),
  });
});

test('a run that is not ready is waited for, until the interrupt', async () => {
  const { world, root, err, interrupt } = await site({ squeue: running });
  await addRun(root, { id: RUN, jobId: '4242', events: 'served', until: 'nodes-bound' });
  const ended = forward(RUN, {}, world);
  await expect.poll(err).toBe('waiting for r1-0a1b2c to become ready\n');
  interrupt.abort('SIGINT');
  expect(await ended).toBe(130);
});
