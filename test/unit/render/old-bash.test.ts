import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { RunFolder } from './run-folder.ts';

const TEMPLATE = join(import.meta.dirname, '../../../templates/node.sh');

let run: RunFolder;
beforeEach(() => {
  run = new RunFolder();
  // This machine's bash is none of the old ones, so the script takes it for one.
  run.file('node.sh', readFileSync(TEMPLATE, 'utf8').replace('< 404', '< 99904'));
});
afterEach(() => run.dispose());

test('a node whose bash is too old says so, and nothing else', async () => {
  const version = (await run.bash('printf %s "$BASH_VERSION"')).out;
  const { out } = await run.bash('SLURMD_NODENAME=n1 DYN_SLURM_NODES=n1 bash "$RUN_DIR/node.sh" MARK auto');
  expect(out).toBe(`MARK n1 problem runs bash ${version}, and the job needs 4.4 or later\nMARK n1 clock\n`);
});
