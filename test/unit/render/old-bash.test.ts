import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { RunFolder } from './run-folder.ts';

const TEMPLATES = join(import.meta.dirname, '../../../templates');

let run: RunFolder;
beforeEach(() => {
  run = new RunFolder();
  cpSync(TEMPLATES, join(run.dir, 'templates'), { recursive: true });
  // This machine's bash is none of the old ones, so the scripts take it for one.
  for (const name of ['lib.sh', 'node.sh']) {
    const file = join(run.dir, 'templates', name);
    writeFileSync(file, readFileSync(file, 'utf8').replace('< 404', '< 99904'));
  }
});
afterEach(() => run.dispose());

test.each([
  ['', {}],
  ['SLURM_RESTART_COUNT=2', { attempt: 2 }],
])('a batch shell that is too old is the verdict: %s', async (setting, attempt) => {
  const version = (await run.bash('printf %s "$BASH_VERSION"')).out;
  const { out } = await run.bash(
    `${setting} bash -c '. "$RUN_DIR/templates/lib.sh"; echo on' 2>&1; echo "$?"`,
  );
  const reason = `the batch shell is bash ${version}, and the job needs 4.4 or later`;
  expect(out).toBe(`dyn-slurm: ${reason}\n1\n`);
  expect(run.events()).toEqual([
    {
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$/),
      kind: 'verdict',
      outcome: 'failed',
      reason,
      seconds: 0,
      ...attempt,
    },
  ]);
});

test('a node whose bash is too old says so, and nothing else', async () => {
  const version = (await run.bash('printf %s "$BASH_VERSION"')).out;
  const { out } = await run.bash(
    'SLURMD_NODENAME=n1 DYN_SLURM_NODES=n1 bash "$RUN_DIR/templates/node.sh" MARK auto',
  );
  expect(out).toBe(`MARK n1 problem runs bash ${version}, and the job needs 4.4 or later\nMARK n1 clock\n`);
});
