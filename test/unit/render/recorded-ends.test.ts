import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RELEASES, recorded } from '../scheduler/recorded.ts';
import { RunFolder } from './run-folder.ts';

let run: RunFolder;
beforeEach(() => {
  run = new RunFolder();
});
afterEach(() => run.dispose());

describe.each(RELEASES)('Slurm %s', (release) => {
  test.each([
    ['cancelled', 'cancelled: cancelled'],
    ['time-limit', 'timeout: the time limit came before the service was ready'],
    ['preempted', 'cancelled: preempted by a job of higher priority'],
    ['node-failure', 'failed: node4 failed'],
    ['requeued', 'cancelled: put back into the queue'],
  ])('what it says in the log of a job that it ends: %s', async (how, verdict) => {
    const said = recorded(release, `ended-${how}.stderr`) ?? '';
    const [, job = '0'] = /JOB (\d+) ON/.exec(said) ?? [];
    run.file('job.log', said);
    run.file('state/decode-0.srun', said);
    run.program('scontrol', 'echo "Requeue=0 Restarts=0"');
    const { out } = await run.bash(
      `trap 'echo "$OUTCOME: $REASON"' EXIT; SLURM_JOB_ID=${job} JOB_LOG_START=1; on_sigterm`,
    );
    expect(out.trim()).toBe(verdict);
  });

  test.each(
    (
      [
        ['no-image', /error: pyxis: failed to create container filesystem from \/none\.sqsh: No such file/],
        ['no-mount', /error: pyxis: {5}enroot-mount: failed to mount: /],
        ['no-program', /error: execve\(\): \/no\/such\/program: No such file or directory/],
        ['killed', /error: \*\*\* STEP \S+ ON node1 CANCELLED AT|^srun: error: node\d: task \d: Killed/],
        ['no-allocation', /^srun: error: Slurm job \d+ has expired/],
      ] as const
    ).filter(([how]) => recorded(release, `step-${how}.stderr`) !== undefined),
  )('what its srun says of a step that fails: %s', async (how, line) => {
    run.file('state/decode-0.srun', recorded(release, `step-${how}.stderr`) ?? '');
    expect((await run.bash('srun_line decode-0; echo "$CAUSE_LINE"')).out.trim()).toMatch(line);
  });
});
