import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { RunFolder } from './run-folder.ts';

let run: RunFolder;
beforeEach(() => {
  run = new RunFolder();
});
afterEach(() => run.dispose());

/** Waits for a step that runs this script of sh in the place of image.sh; the verdict's fields, and the events. */
async function awaited(script: string) {
  run.program('step', `said() { echo "$*" >>"$RUN_DIR"/state/image; }\n${script}`);
  const { out } = await run.bash(
    `
    NODE=(node0) DEADLINE=60 LEASE=0 GRACE=1 SLURM_JOB_ID=7
    trap 'echo "$OUTCOME: $REASON"' EXIT
    launch image image '' end 0 -- step
    await_image image "$1"
    REASON="state \${STEP_STATE[image]}"`,
    join(run.dir, 'x.sqsh'),
  );
  const events = run.events().filter(({ kind }) => kind === 'image');
  return { end: out.split('\n').at(-2), events: events.map(({ time: _, ...event }) => event) };
}

const record = (status: number, words: string) =>
  `printf '%s\\n' 1700000000000 ${status} 0 node0 '${words}' >"$RUN_DIR"/state/image.0.exit`;

test('what image.sh says becomes events, and the job goes on', async () => {
  const { end, events } = await awaited(`
    said waiting 1 job 5 of ada on node3 imports it; sleep 0.5
    said importing 2 docker://x; said imported 63 docker://x
    ${record(0, '')}`);
  expect(events).toEqual(
    [
      { state: 'waiting', reason: 'job 5 of ada on node3 imports it', seconds: 1 },
      { state: 'importing', reason: 'docker://x', seconds: 2 },
      { state: 'imported', reason: 'docker://x', seconds: 63 },
    ].map((event) => ({ kind: 'image', file: join(run.dir, 'x.sqsh'), ...event })),
  );
  expect(end).toBe(': state over');
});

test('an import that failed ends the job with enroot’s words', async () => {
  mkdirSync(join(run.dir, '.x.7.tmp'));
  const { end } = await awaited(`
    said importing 0 docker://x
    ${record(1, '[ERROR] URL https://nvcr.io/ returned error code: 401 Unauthorized')}; exit 1`);
  expect(end).toBe(
    'failed: no container image: [ERROR] URL https://nvcr.io/ returned error code: 401 Unauthorized',
  );
  expect(existsSync(join(run.dir, '.x.7.tmp'))).toBe(false);
});

test('a step that never ran is no import', async () => {
  const { end } = await awaited(
    'echo "srun: error: task 0 launch failed: Slurmd could not execve job" >&2; exit 0',
  );
  expect(end).toBe(
    'failed: no container image: srun: error: task 0 launch failed: Slurmd could not execve job',
  );
});
