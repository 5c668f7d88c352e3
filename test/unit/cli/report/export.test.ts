import { copyFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { expect, test } from 'vitest';
import { run } from '../../../../src/cli/program.ts';
import { addRun, packageRoot, site } from '../run-folder.ts';

test.each([
  ['--scrape', 0o644],
  ['--csv', 0o600],
] as const)('who may read the file of %s', async (form, mode) => {
  const { world, root } = await site();
  const dir = await addRun(root, { id: 'r1-0a1b2c', jobId: '4242', events: 'served' });
  await copyFile(
    join(packageRoot, 'slurm_jobs/qwen3-disaggregated-one-node/plan.json'),
    join(dir, 'plan.json'),
  );
  // As on many login nodes.
  const before = process.umask(0o077);
  try {
    expect(await run(['export', 'r1-0a1b2c', form, '-o', 'out'], '0', world)).toBe(0);
  } finally {
    process.umask(before);
  }
  expect((await stat(join(world.cwd, 'out'))).mode & 0o777).toBe(mode);
});
