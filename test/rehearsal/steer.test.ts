import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { afterAll, afterEach, expect, test } from 'vitest';
import { Load } from '../load.ts';
import { outermost, processesOf, Stage } from './rehearsal.ts';
import { eventOf, eventsOf, type Submitted, submit } from './submitted.ts';

/** Requests at any time. A frontend gives up those that are on the way to a worker which leaves before its first answer. */
const AT_ONCE = 4;

const stage = new Stage();
afterEach((test) => stage.settle(test));
afterAll(() => stage.dispose());

/** Kills what runs job.sbatch as the supervisor, and neither the batch shell nor a step. */
function killSupervisor({ dir }: Submitted): void {
  const shells = processesOf(dir).filter((line) =>
    /^\d+ \/bin\/bash -\w .*job\.sbatch --supervise=/.test(line),
  );
  const supervisors = outermost(shells);
  expect(supervisors).toHaveLength(1);
  process.kill(Number.parseInt(supervisors[0] ?? '', 10), 'SIGKILL');
}

/** Names of the steps that were started or stopped, or ended, in this order. */
function history(run: Submitted, since: number): readonly string[] {
  const kinds: Readonly<Record<string, string>> = {
    'step-started': 'start',
    'step-stopped': 'stop',
    'step-ended': 'end',
    'process-ended': 'end',
    'session-resumed': 'resumed',
  };
  return eventsOf(run)
    .slice(since)
    .flatMap(({ kind, step }) => (kind in kinds ? [`${kinds[kind]} ${step ?? ''}`.trim()] : []));
}

test('a worker of a submitted job is restarted under load, and the job outlives its supervisor', async () => {
  // Two workers a role: a frontend sends nothing for 1 s to a role's only worker after a request that failed there.
  const run = await submit(stage, 'steered');
  const { url } = await eventOf(run, 'ready');
  // The last step of a start: it follows `ready`.
  await expect
    .poll(() => eventsOf(run).filter(({ kind, step }) => kind === 'step-started' && step === 'metrics'))
    .toHaveLength(1);
  const since = eventsOf(run).length;
  const load = () => new Load(String(url), 'tiny/Model-1', AT_ONCE);
  const first = load();
  await first.completions(3);
  const restarted = await stage.run('restart', run.run, 'decode-0', '--arg', 'max-running-requests=64');
  expect(restarted.code).toBe(0);
  expect(restarted.stderr.replace(/\d\d:\d\d:\d\d|[\d.]+ s(?= after)/g, '#')).toBe(
    [
      'decode-0',
      '  + --max-running-requests 64',
      '#  decode-0 stopped',
      '#  decode-0 uses a changed command',
      '#  decode-0 started on node2',
      '#  decode-0 serves, # after its start',
      '',
    ].join('\n'),
  );
  // What the engine's stand-in makes of it.
  expect(processesOf(run.dir).filter((line) => line.includes('--max-num-seqs 64'))).toHaveLength(1);
  await first.completions(3);
  expect((await first.stop()).slice(AT_ONCE)).toEqual([]);

  const second = load();
  await second.completions(3);
  const engines = () =>
    processesOf(run.dir)
      .filter((line) => line.includes('dynamo'))
      .map((line) => line.split(' ')[0]);
  const before = engines();
  killSupervisor(run);
  expect(await eventOf(run, 'session-resumed')).toMatchObject({
    adopted: expect.arrayContaining(['etcd', 'nats', 'frontend-0', 'prefill-0', 'decode-0', 'decode-1']),
  });
  await second.completions(3);
  expect(await second.stop()).toEqual([]);
  expect(engines()).toEqual(before);
  // The one that took over obeys, and knows the change.
  const third = load();
  await third.completions(3);
  expect((await stage.run('restart', run.run, 'decode-0')).code).toBe(0);
  expect(processesOf(run.dir).filter((line) => line.includes('--max-num-seqs 64'))).toHaveLength(1);
  await third.completions(3);
  expect((await third.stop()).slice(AT_ONCE)).toEqual([]);
  expect(history(run, since)).toEqual([
    'stop decode-0',
    'start decode-0',
    'resumed',
    'stop decode-0',
    'start decode-0',
  ]);

  // A wrong argument costs that worker, and not the job.
  const wrong = await stage.run('restart', run.run, 'decode-1', '--arg', 'max-running-requests=x');
  expect(wrong).toMatchObject({
    code: 7,
    stderr: expect.stringContaining("invalid literal for int() with base 10: 'x'"),
  });
  expect((await stage.run('start', run.run, 'decode-1', '--reset')).code).toBe(0);

  const bench = await stage.run('bench', run.run, '--', 'echo "$DYN_SLURM_MODEL"; exit 3');
  expect(bench).toMatchObject({ code: 7, stdout: 'tiny/Model-1\n' });

  // What the plan says of a worker's end holds for the supervisor that took over.
  killSupervisor(run);
  await expect.poll(() => eventsOf(run).filter(({ kind }) => kind === 'session-resumed')).toHaveLength(2);
  expect((await stage.run('cancel', run.run)).code).toBe(0);
  expect(await eventOf(run, 'verdict')).toMatchObject({ outcome: 'cancelled', reason: 'cancelled' });
  await expect.poll(() => processesOf(run.dir)).toEqual([]);
  expect(readFileSync(join(run.dir, 'job.log'), 'utf8')).toContain('and is started again');
});

test('a supervisor that is killed while the service comes up is started again, and nothing twice', async () => {
  const run = await submit(stage, 'steered');
  await eventOf(run, 'nodes-bound');
  killSupervisor(run);
  const { url } = await eventOf(run, 'ready');
  const load = new Load(String(url), 'tiny/Model-1');
  await load.completions(2);
  expect(await load.stop()).toEqual([]);
  const started = eventsOf(run).flatMap(({ kind, step }) => (kind === 'step-started' ? [step] : []));
  expect(new Set(started).size).toBe(started.length);
  expect((await stage.run('cancel', run.run)).code).toBe(0);
  await eventOf(run, 'verdict');
});
