import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';
import { Stage } from './rehearsal.ts';
import { eventOf, eventsOf, type Submitted, signalTask, submit, submitFile } from './submitted.ts';

const stage = new Stage();
afterEach((test) => stage.settle(test));
afterAll(() => stage.dispose());

const CONFIG = readFileSync(join(import.meta.dirname, '../fixtures/rehearsal/hangs.yaml'), 'utf8');

/** Submits hangs.yaml with one line changed. */
function submitWith(line: RegExp, text: string): Promise<Submitted> {
  const file = join(stage.runs, 'changed.yaml');
  expect(CONFIG).toMatch(line);
  writeFileSync(file, CONFIG.replace(line, text));
  return submitFile(stage, file);
}

const stop = (run: Submitted, step: string, rank = 0) =>
  signalTask(run, { step, rank, program: 'python' }, 'SIGSTOP');

const hung = (step: string, role: string, node: string) => ({
  ...{ step, role, node, state: 'T (stopped)', file: `logs/${step}.stacks` },
  pid: expect.any(Number),
  reason: expect.stringMatching(
    new RegExp(`^${step} on node\\d stands still: it has not answered for \\d+ s$`),
  ),
});

test('hung workers are started again, or done without, and the service goes on', async () => {
  const run = await submit(stage, 'hangs');
  await eventOf(run, 'ready');
  stop(run, 'prefill-0');
  expect(await eventOf(run, 'hung')).toMatchObject(hung('prefill-0', 'prefill', 'node0'));
  expect(await eventOf(run, 'worker-restarting')).toMatchObject({
    ...{ step: 'prefill-0', node: 'node0', restart: 1, of: 1 },
    line: expect.stringMatching(/^stands still: .*python.* \(pid \d+\), T \(stopped\)/),
  });
  await eventOf(run, 'recovered');

  stop(run, 'decode-1');
  expect(await eventOf(run, 'degraded')).toMatchObject({
    ...{ step: 'decode-1', have: 1, want: 2, missing: ['decode-1'] },
    reason: expect.stringMatching(/^decode-1 on node2 stands still: /),
  });
  expect(readFileSync(join(run.dir, 'logs/decode-1.stacks'), 'utf8')).toMatch(
    /^process node2 \d+ T_\(stopped\) .*python/,
  );
  expect((await stage.run('cancel', run.run)).code).toBe(0);
});

test('the job ends because of a hang, and says so', async () => {
  const run = await submitWith(/, restart: 1/, '');
  await eventOf(run, 'ready');
  stop(run, 'prefill-0');
  expect(await eventOf(run, 'verdict')).toMatchObject({
    ...{ outcome: 'failed', step: 'prefill-0', node: 'node0' },
    reason: expect.stringMatching(/^prefill-0 on node0 stands still: it has not answered for \d+ s$/),
  });
  const { stdout } = await stage.run('status', run.run);
  expect(stdout).toMatch(/somebody, or a program, has stopped the process with SIGSTOP/);
});

test('with 0 nothing is watched', async () => {
  const run = await submitWith(/hang: 8s/, 'hang: 0');
  await eventOf(run, 'ready');
  expect(readFileSync(join(run.dir, 'job.sbatch'), 'utf8')).not.toMatch(/expect_hangs|lib\/hang/);
  expect(eventsOf(run).map(({ kind }) => kind)).not.toContain('hung');
  expect((await stage.run('cancel', run.run)).code).toBe(0);
});

test('a service under load is left alone', async () => {
  const run = await submitWith(/hang: 8s/, 'hang: 2s');
  await eventOf(run, 'ready');
  const bench = await stage.run(
    ...[
      'bench',
      run.run,
      '--type',
      'builtin',
      '--concurrency',
      '8',
      '--requests',
      '400',
      '--isl',
      '200',
      '--osl',
      '100',
    ],
  );
  expect(bench).toMatchObject({ code: 0 });
  expect(eventsOf(run).filter(({ kind }) => kind === 'hung' || kind === 'stalled')).toEqual([]);
  expect((await stage.run('cancel', run.run)).code).toBe(0);
});
