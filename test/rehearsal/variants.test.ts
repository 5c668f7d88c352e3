import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';
import { Stage } from './rehearsal.ts';
import { eventsOf } from './submitted.ts';

const stage = new Stage();
afterEach((test) => stage.settle(test));
afterAll(() => stage.dispose());

/** What stands in for benchmark_serving.py, whose packages a rehearsal has not. */
const SERVING = `python3 ${join(import.meta.dirname, '../fixtures/bench/serving.py')}`;

const PAIR = 'aggregated.workers=2, aggregated.nodes=null, aggregated.gpus_per_worker=4';

interface Sent {
  readonly group: string;
  readonly runs: readonly {
    readonly variant: string;
    readonly run: string;
    readonly dir: string;
    readonly waits?: string;
  }[];
}

const PLAIN = {};
const BROKEN = { aggregated: { module: 'dynamo.absent' } };

/** A config whose job ends with a benchmark of a second, with variants. */
function config(variants: object): string {
  const file = join(stage.runs, 'sweep.yaml');
  const text = JSON.stringify({
    name: 'sweep',
    gpu: 'h100',
    model: { path: '/models/tiny', served_name: 'tiny/Model-1' },
    slurm: { account: 'test', partition: 'batch', time: '20m' },
    aggregated: { nodes: 1 },
    bench: { type: 'vllm', program: SERVING, isl: 100, osl: 10, concurrencies: [2], requests: 6 },
    variants,
  });
  writeFileSync(file, text);
  return file;
}

test('variants one after the other: one that fails stops no other, and one report has all', async () => {
  const pair = { aggregated: { workers: 2, nodes: null, gpus_per_worker: 4 } };
  const file = config({ plain: PLAIN, broken: BROKEN, pair });
  const sent = await stage.run('submit', file, '--cluster', 'local', '--chain', '--json');
  expect({ code: sent.code, stderr: sent.stderr }).toEqual({ code: 0, stderr: '' });
  const { group, runs } = JSON.parse(sent.stdout) as Sent;
  expect(runs.map(({ variant, waits }) => [variant, waits])).toEqual([
    ['plain', undefined],
    ['broken', 'plain'],
    ['pair', 'broken'],
  ]);

  const watched = await stage.run('watch', group);
  expect(watched.code, watched.stderr).toBe(7);
  const verdicts = runs.map((run) => eventsOf(run).at(-1));
  expect(verdicts).toMatchObject([
    { kind: 'verdict', outcome: 'succeeded' },
    { kind: 'verdict', outcome: 'failed' },
    { kind: 'verdict', outcome: 'succeeded' },
  ]);
  // Each began when the one before it had ended.
  const times = runs.flatMap((run) => [eventsOf(run)[0]?.time, eventsOf(run).at(-1)?.time]);
  expect(times).toEqual(times.toSorted());

  const status = await stage.run('status', group);
  expect(status.code).toBe(7);
  for (const { run } of runs) expect(status.stdout).toContain(run);
  const out = join(stage.runs, 'group.html');
  expect((await stage.run('report', group, '-o', out)).code).toBe(0);
  const html = readFileSync(out, 'utf8');
  const rows = [...html.matchAll(/<tr><th scope="row">(sweep-[^<]+)<\/th>(.*?)<\/tr>/gs)].slice(0, 3);
  const cells = (row: string) => [...row.matchAll(/<td>(.*?)<\/td>/g)].map(([, cell]) => cell).slice(0, 5);
  expect(rows.map(([, run, row = '']) => [run, ...cells(row)])).toEqual([
    [runs[0]?.run, 'plain', '–', 'succeeded', '', '1 of 1'],
    [
      runs[1]?.run,
      'broken',
      'aggregated.module=dynamo.absent',
      'failed',
      expect.stringContaining('aggregated-0'),
      '0 of 0',
    ],
    [runs[2]?.run, 'pair', PAIR, 'succeeded', '', '1 of 1'],
  ]);
  expect(html).toContain('id="pareto"');
});

test('they are followed together, and then the retries of those that failed', async () => {
  const before = new Set(readdirSync(stage.runs));
  const file = config({ plain: PLAIN, broken: BROKEN });
  const options = ['--cluster', 'local', '--chain', '--retries', '1', '--watch'];
  const { code, stdout, stderr } = await stage.run('submit', file, ...options);
  expect(code, stderr).toBe(7);
  const made = readdirSync(stage.runs).filter((name) => name.startsWith('sweep-') && !before.has(name));
  const jobs = made.map((run) => JSON.parse(readFileSync(join(stage.runs, run, 'job.json'), 'utf8')));
  const { group } = jobs[0];
  expect(new Set(jobs.map((job) => job.group))).toEqual(new Set([group]));
  const second = made.find((_, index) => jobs[index]?.variant === 'broken' && jobs[index]?.attempt === 2);
  expect(stdout.split('\n')[0]).toBe(
    `submitted 2 jobs on cluster local as group ${group}, at most 1 at a time`,
  );
  expect(stderr).toContain(`\nwatching its retry next: ${second}\n`);
  expect(stderr.trimEnd().split('\n').at(-1)).toBe(`one report of all: dyn-slurm report ${group}`);
  // The other retry was not needed.
  const status = await stage.run('status', group);
  expect(status.code).toBe(7);
  expect(status.stdout).toMatch(
    /^sweep-plain-\w+ +local +\d+ +cancelled .*: not needed: sweep-plain-\w+ succeeded$/m,
  );
});
