import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { html, ownAsset, scriptData } from '../../../src/report/html.ts';
import { page } from '../../../src/report/page.ts';
import { type PlanFile, parsePlan } from '../../../src/run/plan-file.ts';
import { bench, point, sampleRun } from './sample-run.ts';

const MADE = new Date('2026-11-24T09:30:00Z');
const ASSETS = { script: 'draw()', style: 'a{}' };
const CANARY = `</script><img src=x onerror="window.hacked=1">'\u202e`;

const planOf = (written: object) => parsePlan(JSON.stringify(written)) as PlanFile;

test('what is filled in is escaped, and what is HTML stays so', () => {
  expect(html`<p title="${`"'`}">${CANARY}${html`<b>${1}</b>`}${['a', false, undefined, '<']}</p>`.html).toBe(
    `<p title="&quot;&#39;">&lt;/script&gt;&lt;img src=x onerror=&quot;window.hacked=1&quot;&gt;&#39; <b>1</b>a&lt;</p>`,
  );
});

test('data for the script is JSON that ends no element', () => {
  const data = scriptData({ text: `${CANARY}\u2028<!--` }).html;
  expect(data).not.toMatch(/[<>&\u2028]/);
  expect(JSON.parse(data)).toEqual({ text: `${CANARY}\u2028<!--` });
});

test('an asset that would end its own element is refused', () => {
  expect(() => ownAsset('a</script>')).toThrow('would end its own element');
});

test('nothing of a run is HTML', () => {
  const text = page(
    [
      sampleRun('r-000001', {
        config: CANARY,
        bench: [
          bench(CANARY, [
            point({ problems: [{ kind: 'tool', reason: CANARY }], valid: false }),
            point({ ttft: { mean: 1, p50: 1 } }),
          ]),
        ],
        plan: planOf({
          workers: [{ name: CANARY, role: CANARY, nodes: [0], gpus: [0], tp: 1, pp: 1, dp: 1, ep: 1 }],
          processes: [
            {
              name: CANARY,
              kind: 'worker',
              role: CANARY,
              nodeIndex: 0,
              nodeRank: 0,
              gpus: [],
              argv: [CANARY],
              env: {},
              ports: [{ port: 1, count: 1, use: CANARY }],
            },
          ],
          warnings: [CANARY],
        }),
        gpus: [
          {
            node: CANARY,
            roles: [CANARY],
            gpus: 1,
            over: { times: [1], columns: [[1], [1], [1]], samples: 1 },
          },
        ],
        load: {
          looks: 2,
          total: { times: [1], columns: [[1], [1], [1], [1], [1], [1], [1], [1]], samples: 1 },
          workers: [
            { step: CANARY, input: [1], output: [1], requests: [1], running: [1], queued: [1], kvUsage: [1] },
          ],
        },
      }),
    ],
    ASSETS,
    MADE,
  );
  expect(text).not.toContain('<img');
  expect(text.match(/<script(?! type="application\/json")/g)).toHaveLength(1);
  expect([...text.matchAll(/<\/script>/g)]).toHaveLength([...text.matchAll(/<script/g)].length);
  // Ids and anchors are made of words and numbers only.
  expect(
    [...text.matchAll(/ (?:id|data-chart|href|aria-labelledby)="([^"]*)"/g)]
      .map(([, id = '']) => id)
      .filter((id) => !/^#?[\w -]+$/.test(id)),
  ).toEqual([]);
});

test('environments are not shown, so no secret can be', () => {
  const processes = [
    {
      name: 'decode-0',
      kind: 'worker',
      role: 'decode',
      nodeIndex: 0,
      nodeRank: 0,
      gpus: [0],
      argv: ['python3'],
      env: { HF_TOKEN: '${SECRET:HF_TOKEN}', OTHER: 'seen' },
      ports: [],
    },
  ];
  const text = page([sampleRun('r-000001', { plan: planOf({ processes }) })], ASSETS, MADE);
  expect([text.includes('HF_TOKEN'), text.includes('seen'), text.includes('python3')]).toEqual([
    false,
    false,
    true,
  ]);
});

test('a run of which little is known says what is missing, and how to get it', () => {
  const text = page([sampleRun('r-000001')], ASSETS, MADE);
  const lines = [...text.matchAll(/<li><strong>r-000001<\/strong>(.*?)<\/li>/g)].map(([, line = '']) =>
    line.replace(/<[^>]+>/g, ''),
  );
  expect(lines).toEqual([
    ' has no benchmark. Put one under bench: in the config, or run dyn-slurm bench r-000001 while it serves.',
    ' has no samples of metrics: they are taken from when the service is ready, every observe.metrics, unless that is none.',
    ' has no log of GPU utilization. Set observe.gpu_log to nvidia-smi, dcgmi or amd-smi.',
  ]);
});

test('points that are not to be relied on are in the table and not in the chart', () => {
  const problem = { kind: 'no-tokens', reason: 'nothing was generated' } as const;
  const points = [
    point({}),
    point({ concurrency: 4, valid: false, problems: [problem], perGpu: 99 }),
    point({ concurrency: 8, partial: true }),
  ];
  const text = page([sampleRun('r-000001', { bench: [bench('r-000001', points)] })], ASSETS, MADE);
  expect(text).toContain('2 of 3 points are invalid or partial, and only in the table.');
  expect(text).toContain('<td>INVALID: nothing was generated</td>');
  expect(text).toContain('<td>partial</td>');
  const data = /id="pareto-chart-data">(.*?)<\/script>/.exec(text)?.[1] ?? '';
  expect(JSON.parse(data)).toMatchObject({ at: [50], series: [{ name: 'r-000001', values: [10] }] });
});

test('hours of a rack are a page of a few megabytes', () => {
  const times = Array.from({ length: 1500 }, (_, index) => 1_764_000_000 + index * 10);
  const column = times.map((_, index) => 1234.567 + index);
  const workers = Array.from({ length: 18 }, (_, index) => ({
    step: `decode-${index}`,
    input: column,
    output: column,
    requests: column,
    running: column,
    queued: column,
    kvUsage: column,
  }));
  const gpus = Array.from({ length: 18 }, (_, index) => ({
    node: `n${index}`,
    roles: ['decode'],
    gpus: 4,
    over: { times: times.slice(0, 800), columns: [column.slice(0, 800), [], []], samples: 4 },
  }));
  const load = {
    looks: 2880,
    total: { times, columns: Array.from({ length: 8 }, () => column), samples: 2 },
    workers,
  };
  expect(page([sampleRun('r-000001', { load, gpus })], ASSETS, MADE).length).toBeLessThan(2_000_000);
});

/** https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio */
function contrast(one: string, other: string): number {
  const luminance = (color: string) => {
    const [red = 0, green = 0, blue = 0] = [1, 3, 5]
      .map((at) => Number.parseInt(color.slice(at, at + 2), 16) / 255)
      .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].toSorted((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

const css = readFileSync(join(import.meta.dirname, '../../../src/report/client/report.css'), 'utf8');
const schemes = [...css.matchAll(/:root[^{]*\{([^}]*)\}/g)].map(([, body = '']) =>
  Object.fromEntries(
    [...body.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, name = '', color = '']) => [name, color]),
  ),
);

test('both schemes can be read: 4.5 for text, 3 for what is drawn', () => {
  const [light = {}, dark = {}, system = {}] = schemes;
  expect(system).toEqual(dark);
  for (const scheme of [light, dark]) {
    const low = Object.entries(scheme).flatMap(([name, color]) => {
      const wanted = /^(text|muted|accent|good|bad)$/.test(name) ? 4.5 : /^(series-|edge)/.test(name) ? 3 : 0;
      const grounds = ['panel', 'page'].map((ground) => contrast(color, scheme[ground] ?? ''));
      return Math.min(...grounds) < wanted
        ? [`${name} ${color}: ${grounds.map((each) => each.toFixed(2))}`]
        : [];
    });
    expect(low).toEqual([]);
  }
});

test('benchmarks of one run that have no load in common are not compared', () => {
  const [first, other] = [bench('r-000001', [point({})]), bench('r-000001', [point({ concurrency: 8 })])];
  const text = page([sampleRun('r-000001', { bench: [first, { ...other, name: 'bench-2' }] })], ASSETS, MADE);
  expect(text).not.toContain('in common');
});

test('each point of the trade-off has its concurrency', () => {
  const points = [point({ perUser: 60, perGpu: 5 }), point({ concurrency: 8, perUser: 40, perGpu: 20 })];
  const text = page([sampleRun('r-000001', { bench: [bench('r-000001', points)] })], ASSETS, MADE);
  const [, data = ''] = /id="pareto-chart-data">(.*?)<\/script>/.exec(text) ?? [];
  expect(JSON.parse(data).series).toEqual([
    { name: 'r-000001', values: [20, 5], labels: ['c8', 'c1'], style: 0, points: 'filled' },
  ]);
});
