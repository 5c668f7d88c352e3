import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { report } from '../../../../src/cli/commands/report/report.ts';
import { addRun, site } from '../run-folder.ts';

/** `1 min 52 s` of a table's row, or of a bar. */
const served = (text: string) => /<t[hd][^>]*>served<\/t[hd]><td[^>]*>([^<]*)</.exec(text)?.[1];
const serving = (text: string) => /<title>serving: ([^<]*)<\/title>/.exec(text)?.[1];

test.each([
  [
    'goes on has served until now',
    { stdout: '4242|RUNNING|3|1763962970|1763962980 1763977380|node[1-3]|dyn-slurm:r1-0a1b2c|None\n' },
    '1 min 52 s',
    '1 min 52 s ready, and it goes on',
  ],
  [
    'Slurm cannot tell of has served until its last event',
    { stderr: 'slurm_load_jobs error: Unable to contact slurm controller\n', exit: 1 },
    '0.0 s',
    ' ready, until the end',
  ],
])('a run that %s', async (_, squeue, inTable, inBar) => {
  const { world, root } = await site({ squeue });
  await addRun(root, { id: 'r1-0a1b2c', jobId: '4242', events: 'served', until: 'ready' });
  const readFileOf: typeof world.readFile = async (path) =>
    path.includes('dist/report') ? '' : world.readFile(path);
  expect(await report(['r1'], {}, { ...world, readFile: readFileOf })).toBe(0);
  const text = await readFile(join(world.cwd, 'r1-0a1b2c.html'), 'utf8');
  expect({ served: served(text), serving: serving(text) }).toEqual({ served: inTable, serving: inBar });
});
