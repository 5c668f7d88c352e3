import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { expect, test } from 'vitest';
import { submit } from '../../../../src/cli/commands/submit/submit.ts';
import { put, SMALL, type TestWorld, testWorld } from '../../../world.ts';

const NOW = new Date('2025-11-24T12:00:00.000Z');
const EARLIER = 'small-0a1b2c';

interface Note {
  readonly machine: string;
  readonly pid: number;
  readonly pidWorld: string;
  readonly began: string;
}

/** A world in which an earlier submit of `small.yaml` has left a note, changed as given, and its run folder. */
async function after(change: Partial<Note>, squeue = ''): Promise<TestWorld & { readonly folder: string }> {
  const made = testWorld({ randomHex: () => '3fa29c', now: () => NOW });
  const world = { ...made, env: { PATH: `${join(made.cwd, 'bin')}:${process.env.PATH}` } };
  const notes = join(world.home, '.local/state/dyn-slurm/submits');
  put(world, {
    'small.yaml': SMALL,
    'bin/sbatch': `#!/bin/sh\ncp -a ${notes} ${world.cwd}/noted\necho 4242\n`,
    'bin/squeue': `#!/bin/sh\nprintf '${squeue}'\n`,
  });
  for (const name of ['sbatch', 'squeue']) chmodSync(join(world.cwd, 'bin', name), 0o755);
  // A first one tells what a note of this job looks like.
  expect(await submit('small.yaml', {}, world)).toBe(0);
  const note = JSON.parse(readFileSync(join(world.cwd, 'noted/small-3fa29c.json'), 'utf8')) as Note;
  const folder = join(world.home, 'dyn-slurm-runs', EARLIER);
  mkdirSync(folder);
  writeFileSync(join(folder, 'job.sbatch'), '#!/bin/bash\n');
  writeFileSync(
    join(notes, `${EARLIER}.json`),
    JSON.stringify({ ...note, run: EARLIER, dir: folder, ...change }),
  );
  return { ...world, randomHex: () => 'fffff1', folder };
}

const elsewhere = { machine: 'login2', pid: process.pid, pidWorld: 'login2 4e5f pid:[1]' };
const warning = (ago: string) =>
  `warning: a submission of this job was started on login2 ${ago}, as run ${EARLIER}, and may still be in progress there; it is left unchanged, and this is a new run\n`;

test.each([
  ['another machine', elsewhere, '1 min ago (2025-11-24 11:59:00)'],
  // Whose pids are none of ours, whether or not one of that number lives here.
  ['a dead pid of another machine', { ...elsewhere, pid: 2 ** 22 }, '1 min ago (2025-11-24 11:59:00)'],
])('a submit that may be in flight on %s keeps its folder, and the machine is named', async (_, change) => {
  process.env.TZ = 'UTC';
  const world = await after({ ...change, began: '2025-11-24T11:59:00.000Z' });
  expect(await submit('small.yaml', {}, world)).toBe(0);
  expect(world.stderr()).toMatch(new RegExp(`^${warning('.*').replaceAll('(', '\\(')}$`));
  expect(existsSync(join(world.folder, 'job.sbatch'))).toBe(true);
  expect(world.stdout()).toContain('submitted small-fffff1 as job 4242');
});

test.each([
  ['the same name, and another boot', { pidWorld: 'same name, other boot' }],
  ['an older dyn-slurm', { pidWorld: undefined }],
  ['a clock that is ahead', { ...elsewhere, began: '2025-11-24T12:05:00.000Z' }],
])('so does one of %s', async (_, change) => {
  const world = await after({ began: '2025-11-24T11:55:00.000Z', ...change } as Partial<Note>);
  expect(await submit('small.yaml', {}, world)).toBe(0);
  expect(world.stderr()).toContain('may still be in progress there');
  expect(existsSync(world.folder)).toBe(true);
});

test.each([
  ['of another machine, after ten minutes', { ...elsewhere, began: '2025-11-24T11:49:59.000Z' }],
  ['of this one, whose process is gone', { pid: 2 ** 22, began: '2025-11-24T11:59:59.000Z' }],
])('one %s was cut off, and is cleared away', async (_, change) => {
  const world = await after(change);
  expect(await submit('small.yaml', {}, world)).toBe(0);
  expect(world.stderr()).toBe('');
  expect(existsSync(world.folder)).toBe(false);
});

test('one of another machine whose job is in the queue is taken for this one', async () => {
  const row = `77|PENDING|1|0|0||dyn-slurm:${EARLIER}|Priority\\n`;
  const world = await after({ ...elsewhere, began: '2025-11-24T11:59:00.000Z' }, row);
  expect(await submit('small.yaml', {}, world)).toBe(0);
  expect(world.stderr()).toContain('this is its run, and nothing new was submitted');
  expect(world.stdout()).toContain(`submitted ${EARLIER} as job 77`);
});

test('a damaged note is none', async () => {
  const world = await after({ began: 5 as never });
  expect(await submit('small.yaml', {}, world)).toBe(0);
  expect(existsSync(world.folder)).toBe(true);
});
