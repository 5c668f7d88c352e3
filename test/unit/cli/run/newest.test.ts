import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cancel } from '../../../../src/cli/commands/run/cancel.ts';
import { forward } from '../../../../src/cli/commands/run/forward.ts';
import { watch } from '../../../../src/cli/commands/watch/watch.ts';
import { benchTarget } from '../../../../src/cli/runs/bench-target.ts';
import { findLogs } from '../../../../src/cli/runs/log-files.ts';
import { lookUpRun } from '../../../../src/cli/runs/lookup.ts';
import { lookUpSession } from '../../../../src/cli/runs/session/lookup.ts';
import { addRun, type Site, script, site } from '../run-folder.ts';

const READY = 'ready-000001';
const WITHDRAWN = 'withdrawn-000002';
const row = (job: string, state: string) => `${job}|${state}|3|1763962970|1763962980|node[1-3]|(null)|None\n`;

/** One run is ready, and a newer one was cancelled in the queue: only Slurm knows. */
async function trap(more: Partial<Parameters<typeof addRun>[1]> = {}): Promise<Site> {
  const place = await site({ squeue: { stdout: row('1', 'RUNNING') + row('2', 'CANCELLED') }, scancel: {} });
  await addRun(place.root, {
    id: READY,
    jobId: '1',
    submitted: '2025-11-24T05:00:00.000Z',
    events: 'served',
    until: 'ready',
    ...more,
  });
  await addRun(place.root, { id: WITHDRAWN, jobId: '2', submitted: '2025-11-24T05:30:00.000Z' });
  return place;
}

test('no command takes a dead run for the newest while another lives', async () => {
  const { world, err } = await trap();
  for (const meant of ['serving', 'shown', 'measured'] as const)
    expect((await lookUpRun(undefined, { meant }, world)).run.id).toBe(READY);
  expect((await benchTarget(undefined, {}, world)).run.id).toBe(READY);
  expect((await findLogs({}, {}, world)).found.run.id).toBe(READY);
  expect((await findLogs({ first: 'decode-0' }, {}, world)).found.run.id).toBe(READY);
  expect(await forward(undefined, {}, world)).toBe(0);
  expect(err()).not.toContain('there is no live run');
});

test('cancel ends the run that lives, and watch shows it', async () => {
  const { world, err, stub, interrupt, out } = await trap();
  expect(await cancel(undefined, { wait: false }, world)).toBe(0);
  expect(err()).toBe(`canceled job 1 of ${READY}\n`);
  expect((await stub.calls()).filter((call) => call.startsWith('scancel'))).toEqual(['scancel 1']);
  const acted = script(world, [['ready', () => interrupt.abort('SIGINT')]]);
  expect(await watch([], {}, acted)).toBe(130);
  expect(out()).toContain('ready');
});

test("a newer run that waits is live, and a service is still the older one's", async () => {
  const { world, stub } = await trap();
  await stub.answer('squeue', { stdout: row('1', 'RUNNING') + row('2', 'PENDING') });
  expect((await lookUpRun(undefined, { meant: 'shown' }, world)).run.id).toBe(WITHDRAWN);
  expect((await lookUpRun(undefined, { meant: 'serving' }, world)).run.id).toBe(READY);
});

test('where none lives, what acts refuses, and what shows says which it shows', async () => {
  const { world, err } = await trap({ until: undefined as never });
  await expect(forward(undefined, {}, world)).rejects.toMatchObject({
    code: 'usage',
    message: 'there is no live run',
    hint: `the newest, ${WITHDRAWN}, has ended; see \`dyn-slurm status\``,
  });
  await expect(benchTarget(undefined, {}, world)).rejects.toMatchObject({ message: 'there is no live run' });
  expect((await lookUpRun(undefined, {}, world)).run.id).toBe(WITHDRAWN);
  expect(await cancel(undefined, {}, world)).toBe(0);
  expect(err()).toMatch(
    new RegExp(
      `^there is no live run: this is ${WITHDRAWN}, the newest that has ended\n` +
        `there is no live run: this is ${WITHDRAWN}, the newest that has ended\n` +
        `${WITHDRAWN} has ended already: cancelled after .*\n$`,
    ),
  );
});

test('where Slurm cannot be asked, a run without a verdict counts as live', async () => {
  const { world, stub } = await trap();
  await stub.answer('squeue', {
    stderr: 'slurm_load_jobs error: Unable to contact slurm controller\n',
    exit: 1,
  });
  expect((await lookUpRun(undefined, { meant: 'shown' }, world)).run.id).toBe(WITHDRAWN);
});

test('sessions are looked for in the same way', async () => {
  const { world } = await trap();
  await expect(lookUpSession(undefined, {}, world)).rejects.toMatchObject({ message: 'there is no session' });
});

test('a run is asked about at its own cluster, whichever one was asked for', async () => {
  const place = await site();
  const { world, root } = place;
  await addRun(root, { id: 'r1-0a1b2c', jobId: '1', cluster: 'local', events: 'served', until: 'ready' });
  await addRun(root, { id: 'r2-0a1b2c', jobId: '1', cluster: 'hopper', events: 'served', until: 'ready' });
  await mkdir(join(world.home, '.config/dyn-slurm/clusters'), { recursive: true });
  await writeFile(join(world.home, '.config/dyn-slurm/clusters/hopper.yaml'), 'account: me\n');
  const env = { ...world.env, DYN_SLURM_CLUSTER: 'hopper' };
  for (const [id, cluster] of [
    ['r1-0a1b2c', 'local'],
    ['r2-0a1b2c', 'hopper'],
  ] as const)
    expect((await lookUpRun(id, {}, { ...world, env })).connection.cluster).toBe(cluster);
});
