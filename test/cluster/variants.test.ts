import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, clusterAvailable, down, up } from './cluster.ts';
import { type Run, Runs } from './runs.ts';

const unavailable = clusterAvailable();
const SERVING = `python3 ${join(import.meta.dirname, '../fixtures/bench/serving.py')}`;

/** Five that serve and are measured, and one, the third, whose worker cannot start. */
const SIX = [
  { 'aggregated.args.max-running-requests': 8 },
  { 'aggregated.args.max-running-requests': 16 },
  { 'aggregated.module': 'dynamo.absent' },
  { 'bench.requests': 8 },
  { 'bench.osl': 20 },
  { 'aggregated.workers': 2, 'aggregated.nodes': 2 },
];

interface Group {
  readonly group: string;
  readonly runs: readonly (Run & { readonly variant: string; readonly waits?: string })[];
}

describe.skipIf(unavailable)(`variants${unavailable ? ` (skipped: ${unavailable})` : ''}`, () => {
  let cluster: Cluster;
  let runs: Runs;
  beforeAll(async () => {
    cluster = await up({ nodes: 4 });
    runs = new Runs(cluster);
  });
  afterEach(() => runs.clear());
  afterAll(() => down(cluster));

  test('a sweep of six, two at a time: one that fails stops no other, and one report has all', async () => {
    const file = runs.config('sweep', {
      bench: {
        ...{ type: 'vllm', program: SERVING, isl: 100, osl: 10 },
        ...{ concurrencies: [2], requests: 6, warmup_per_concurrency: 0 },
      },
      sweep: { list: SIX },
    });
    const sent = await runs.cli('submit', file, '--max-jobs', '2', '--json');
    expect({ code: sent.code, stderr: sent.stderr }).toEqual({ code: 0, stderr: '' });
    const { group, runs: six } = JSON.parse(sent.stdout) as Group;
    expect(six.map(({ variant, waits }) => [variant, waits])).toEqual([
      ['mrr8', undefined],
      ['mrr16', undefined],
      ['moduledynamo.absent', 'mrr8'],
      ['requests8', 'mrr16'],
      ['osl20', 'moduledynamo.absent'],
      ['workers2-nodes2', 'requests8'],
    ]);

    const watched = await runs.cli('watch', group);
    expect(watched.code, watched.stderr).toBe(7);
    const events = await Promise.all(six.map((run) => runs.events(run)));
    expect(events.map((own) => own.at(-1)?.outcome)).toEqual([
      'succeeded',
      'succeeded',
      'failed',
      'succeeded',
      'succeeded',
      'succeeded',
    ]);
    // At no time more than two: each began when the one two places before it had ended.
    for (const [index, own] of events.entries()) {
      const before = events[index - 2]?.at(-1)?.time ?? '';
      expect(Date.parse(own[0]?.time ?? '') >= (Date.parse(before) || 0)).toBe(true);
    }

    const status = await runs.cli('status', group);
    expect(status.code).toBe(7);
    expect(
      status.stdout
        .split('\n')
        .slice(1, 7)
        .map((line) => line.split(/ +/)[0]),
    ).toEqual(six.map(({ run }) => run));
    const html = join(cluster.shared, 'group.html');
    const reported = await runs.cli('report', group, '-o', html);
    expect({ code: reported.code, stderr: reported.stderr }).toEqual({ code: 0, stderr: '' });
    const page = readFileSync(html, 'utf8');
    const rows = [...page.matchAll(/<tr><th scope="row">(sweep-[^<]+)<\/th>(.*?)<\/tr>/gs)].slice(0, 6);
    const cells = (row: string) => [...row.matchAll(/<td>(.*?)<\/td>/g)].map(([, cell]) => cell).slice(0, 5);
    const succeeded = ['succeeded', '', '1 of 1'];
    expect(rows.map(([, run, row = '']) => [run, ...cells(row)])).toEqual(
      [
        ['mrr8', 'aggregated.args.max-running-requests=8', ...succeeded],
        ['mrr16', 'aggregated.args.max-running-requests=16', ...succeeded],
        [
          ...['moduledynamo.absent', 'aggregated.module=dynamo.absent', 'failed'],
          ...[expect.stringContaining('aggregated-0'), '0 of 0'],
        ],
        ['requests8', 'bench.requests=8', ...succeeded],
        ['osl20', 'bench.osl=20', ...succeeded],
        ['workers2-nodes2', 'aggregated.workers=2, aggregated.nodes=2', ...succeeded],
      ].map((row, index) => [six[index]?.run, ...row]),
    );
    // All that was measured is in one chart, by run.
    const data =
      /<script type="application\/json" id="pareto-chart-data">(.*?)<\/script>/s.exec(page)?.[1] ?? '';
    const { series } = JSON.parse(data) as { readonly series: readonly { readonly name: string }[] };
    const measured = new Set(series.map(({ name }) => name.replace(/ MOCK.*|, dominated/g, '')));
    expect([...measured].sort()).toEqual(
      six.flatMap(({ run, variant }) => (/absent/.test(variant) ? [] : [run])).sort(),
    );
    expect((await runs.cli('cancel', group)).code).toBe(0);
    await expect.poll(() => runs.leftovers()).toEqual([]);
  });
});
