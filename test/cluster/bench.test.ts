import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { BenchResult } from '../../src/bench/result.ts';
import { type Cluster, clusterAvailable, down, up } from './cluster.ts';
import { laptopCli } from './laptop.ts';
import { type Run, Runs } from './runs.ts';

const unavailable = clusterAvailable();
const SERVING = `python3 ${join(import.meta.dirname, '../fixtures/bench/serving.py')}`;
const CONFIG = readFileSync(join(import.meta.dirname, '../fixtures/cluster/disaggregated.yaml'), 'utf8');
const BENCH = { type: 'vllm', program: SERVING, isl: 100, osl: 10, requests: 20, warmup_per_concurrency: 0 };

describe.skipIf(unavailable)(`benchmarks${unavailable ? ` (skipped: ${unavailable})` : ''}`, () => {
  let cluster: Cluster;
  let runs: Runs;
  beforeAll(async () => {
    cluster = await up({ nodes: 4 });
    runs = new Runs(cluster);
  });
  afterEach(async () => {
    for (const user of ['root', 'ada']) await cluster.exec(['scancel', '--full', `--user=${user}`]);
    await expect.poll(async () => (await cluster.exec(['squeue', '-h'])).stdout).toBe('');
  });
  afterAll(() => down(cluster));

  async function result({ run }: Run): Promise<BenchResult> {
    const [first] = JSON.parse((await runs.cli('bench', run, '--json')).stdout) as BenchResult[];
    if (first === undefined) throw new Error(`${run} has no results`);
    return first;
  }

  async function begun(run: Run, index: number): Promise<void> {
    const isIt = async () =>
      (await runs.events(run)).some(
        (event) => event.kind === 'bench-point' && event.state === 'begun' && event.index === index,
      );
    while (!(await isIt())) await new Promise((resolve) => setTimeout(resolve, 100));
  }

  test('the time limit keeps what is measured, and another job goes on there', async () => {
    // A request takes a second: the second concurrency half a minute.
    const run = await runs.submit('limited', {
      bench: { ...BENCH, requests: 30, args: { pace: 1 }, concurrencies: '2x1x4' },
    });
    await begun(run, 2);
    // What the job asks Slurm to send it before its limit.
    expect(await cluster.exec(['scancel', '--batch', '--signal=USR1', run.jobId])).toMatchObject({ code: 0 });
    await runs.event(run, 'draining');
    const watched = await runs.cli('watch', run.run);
    expect(watched.code, watched.stderr).toBe(10);
    const events = await runs.events(run);
    expect(events.at(-1)).toMatchObject({ kind: 'verdict', outcome: 'timeout' });
    const cut = await result(run);
    expect(cut).toMatchObject({ valid: false, partial: true, name: 'bench' });
    expect(cut.points.map(({ concurrency, valid, partial }) => [concurrency, valid, partial])).toEqual([
      [2, true, false],
      [1, false, true],
    ]);
    expect(cut.problems.map(({ kind, concurrency }) => [kind, concurrency])).toEqual([
      ['tool', 1],
      ['unreadable', 1],
      ['missing', 4],
    ]);

    const other = await runs.submit('other', {});
    await runs.event(other, 'ready');
    const resumed = await runs.cli('bench', other.run, '--resume', run.run, '--json');
    expect(resumed.code, resumed.stderr).toBe(0);
    const rest = JSON.parse(resumed.stdout) as BenchResult;
    expect(rest).toMatchObject({ valid: true, partial: false });
    expect(rest.points.map(({ concurrency }) => concurrency)).toEqual([1, 4]);
  });

  test.each([
    ['that is started again', { restart: 2 }, 'succeeded'],
    ['with which the job ends', {}, 'failed'],
  ])('a worker %s makes the benchmark INVALID', async (name, policy, outcome) => {
    const run = await runs.submit(name.split(' ').at(-1) ?? '', {
      prefill: { nodes: 1 },
      decode: { workers: 2, nodes: 2, ...policy },
      bench: { ...BENCH, concurrencies: '1', args: { pace: 1 } },
    });
    await begun(run, 1);
    await runs.signal(run, 'decode-0', 'KILL');
    const watched = await runs.cli('watch', run.run);
    expect(watched.code, watched.stderr).toBe(10);
    expect((await runs.events(run)).at(-1)).toMatchObject({ kind: 'verdict', outcome });
    const { problems } = await result(run);
    expect(problems).toContainEqual({
      kind: expect.stringMatching(/^worker-(lost|restarted)$/),
      concurrency: 1,
      reason: expect.stringMatching(/^decode-0 on node\d was killed by SIGKILL/),
    });
    expect((await runs.cli('status', run.run)).code).toBe(10);
  });

  test('from a laptop: the built-in client through ssh, and a step of the job', async () => {
    const laptop = laptopCli(cluster);
    await laptop.put('.config/dyn-slurm/clusters/ada.yaml', 'host: login\n');
    await laptop.put('served.yaml', CONFIG);
    const submitted = await laptop.run(['submit', 'served.yaml', '--json', '--cluster', 'ada']);
    expect({ stderr: submitted.stderr, code: submitted.code }).toEqual({ stderr: '', code: 0 });
    const { run } = JSON.parse(submitted.stdout) as Run;
    const onIt = (...args: readonly string[]) => laptop.run(['bench', run, '--cluster', 'ada', ...args]);
    const load = ['--isl', '100', '--osl', '10', '--requests', '20', '--json'];
    let built = await onIt('--type', 'builtin', '--concurrency', '2x4', ...load);
    // It is not ready at once.
    while (built.code === 2 && /not ready/.test(built.stderr))
      built = await onIt('--type', 'builtin', '--concurrency', '2x4', ...load);
    expect(built.code, built.stderr).toBe(0);
    const result = JSON.parse(built.stdout) as BenchResult;
    expect(result).toMatchObject({ tool: 'builtin', valid: true });
    expect(result.points).toMatchObject(
      [2, 4].map((concurrency) => ({ concurrency, completed: 20, outputTokens: 200 })),
    );

    const step = await onIt('--type', 'vllm', '--program', SERVING, '--concurrency', '2', ...load);
    expect(step.code, step.stderr).toBe(0);
    expect(JSON.parse(step.stdout)).toMatchObject({ tool: 'vllm', valid: true, points: [{ completed: 20 }] });
    expect((await laptop.run(['cancel', run, '--cluster', 'ada'])).code).toBe(0);
  });
});
