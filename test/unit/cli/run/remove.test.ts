import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { remove } from '../../../../src/cli/commands/run/remove.ts';
import { addRun, type Site, site } from '../run-folder.ts';

const row = (job: string, state: string) => `${job}|${state}|3|1763962970|1763962980|node[1-3]|(null)|None\n`;

/** One has ended, one runs, one was cancelled in the queue; all long ago but the last. */
async function runs(): Promise<Site & { readonly dirs: Readonly<Record<string, string>> }> {
  const place = await site({ squeue: { stdout: row('2', 'RUNNING') + row('3', 'CANCELLED') } });
  const add = (id: string, jobId: string, submitted: string, events?: string, until?: string) =>
    addRun(place.root, { id, jobId, submitted, ...(events && { events }), ...(until && { until }) });
  const dirs = {
    ended: await add('ended-000001', '1', '2025-10-01T00:00:00.000Z', 'served'),
    live: await add('live-000002', '2', '2025-10-02T00:00:00.000Z', 'served', 'ready'),
    withdrawn: await add('withdrawn-000003', '3', '2025-10-03T00:00:00.000Z'),
    recent: await add('recent-000004', '4', '2025-11-24T05:00:00.000Z', 'served'),
  };
  return { ...place, dirs };
}

const left = ({ dirs }: Awaited<ReturnType<typeof runs>>) =>
  Object.keys(dirs).filter((name) => existsSync(dirs[name] ?? ''));

test('a run that has ended is removed, and what a link in it leads to is not', async () => {
  const place = await runs();
  const kept = join(place.world.home, 'kept');
  mkdirSync(kept);
  writeFileSync(join(kept, 'file'), '');
  symlinkSync(kept, join(place.dirs.ended ?? '', 'link'));
  expect(await remove(['ended'], { yes: true }, place.world)).toBe(0);
  expect(place.out()).toBe('removed 1 run\n');
  expect(left(place)).toEqual(['live', 'withdrawn', 'recent']);
  expect(existsSync(join(kept, 'file'))).toBe(true);
});

test('one that goes on is refused, and nothing else is removed either', async () => {
  const place = await runs();
  await expect(remove(['ended', 'live'], { yes: true }, place.world)).rejects.toMatchObject({
    code: 'usage',
    message: 'live-000002 has not ended; nothing was removed',
    hint: 'end it with `dyn-slurm cancel live-000002`',
  });
  expect(left(place)).toHaveLength(4);
});

test('nor is one of which Slurm cannot be asked', async () => {
  const place = await runs();
  await place.stub.answer('squeue', {
    stderr: 'slurm_load_jobs error: Unable to contact slurm controller\n',
    exit: 1,
  });
  await expect(remove(['live'], { yes: true }, place.world)).rejects.toMatchObject({ code: 'connection' });
  expect(await remove([], { olderThan: 86_400, yes: true, json: true }, place.world)).toBe(0);
  expect(left(place)).toEqual(['live', 'withdrawn', 'recent']);
});

test('--older-than takes all that have ended', async () => {
  const place = await runs();
  expect(await remove([], { olderThan: 86_400, yes: true, json: true }, place.world)).toBe(0);
  expect(JSON.parse(place.out()).map(({ run }: { run: string }) => run)).toEqual([
    'withdrawn-000003',
    'ended-000001',
  ]);
  expect(left(place)).toEqual(['live', 'recent']);
});

test('it asks, and where nobody can be asked it wants --yes', async () => {
  const place = await runs();
  await expect(remove(['ended'], {}, { ...place.world, ask: undefined })).rejects.toMatchObject({
    code: 'usage',
  });
  for (const [answer, count] of [
    ['', 4],
    ['n', 4],
    ['y', 3],
  ] as const) {
    expect(await remove(['ended'], {}, { ...place.world, ask: async () => answer })).toBe(0);
    expect(left(place)).toHaveLength(count);
  }
});

test('a link in place of a run folder is refused, and so is a folder that is no run', async () => {
  const place = await runs();
  symlinkSync(place.dirs.ended ?? '', join(place.root, 'link-00000a'));
  await expect(remove(['link'], { yes: true }, place.world)).rejects.toMatchObject({
    code: 'preflight',
    message: expect.stringContaining('is a symbolic link'),
  });
  mkdirSync(join(place.root, 'other-00000b'));
  await expect(remove(['other'], { yes: true }, place.world)).rejects.toMatchObject({ code: 'usage' });
  expect(left(place)).toHaveLength(4);
});

test.each([
  [[], {}],
  [['ended'], { olderThan: 5 }],
])('it wants runs or an age: %j %j', async (queries, options) => {
  const { world } = await runs();
  await expect(remove(queries, options, world)).rejects.toMatchObject({ code: 'usage' });
});
