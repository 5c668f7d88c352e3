import { expect, test } from 'vitest';
import { csvOf, jsonOf, openMetricsOf } from '../../../src/report/export.ts';
import { lineDifference } from '../../../src/report/line-difference.ts';
import { bench, point, sampleRun } from './sample-run.ts';

const RUN = sampleRun('r-000001', {
  events: [
    { time: '2026-11-24T09:00:10.000Z', kind: 'warning', reason: '=1+1, said "x"\nand went', step: 'gpu' },
  ],
  bench: [
    bench('r-000001', [point({ concurrency: 4, ended: '2026-11-24T09:02:00Z', ttft: { mean: 12.5 } })]),
  ],
  load: {
    looks: 2,
    total: { times: [1000], columns: [[10], [20], [1], [0], [null], [null], [null], [null]], samples: 1 },
    workers: [
      {
        step: 'decode-0',
        input: [null],
        output: [20],
        requests: [2],
        running: [1],
        queued: [0],
        kvUsage: [0.5],
      },
    ],
  },
});

test('as a table, one row a number', () => {
  const lines = csvOf(RUN).split('\n');
  expect(lines.slice(0, 2)).toEqual([
    'run,kind,time,subject,concurrency,figure,value,mock',
    'r-000001,bench,2026-11-24T09:02:00.000Z,bench,4,prompts,5,false',
  ]);
  expect(lines).toContain('r-000001,bench,2026-11-24T09:02:00.000Z,bench,4,ttft_mean_ms,12.5,false');
  expect(lines.filter((line) => line.includes(',load,'))).toEqual([
    'r-000001,load,1970-01-01T00:16:40.000Z,service,,inputTokensPerSecond,10,false',
    'r-000001,load,1970-01-01T00:16:40.000Z,service,,outputTokensPerSecond,20,false',
    'r-000001,load,1970-01-01T00:16:40.000Z,service,,running,1,false',
    'r-000001,load,1970-01-01T00:16:40.000Z,service,,queued,0,false',
    'r-000001,load,1970-01-01T00:16:40.000Z,decode-0,,outputTokensPerSecond,20,false',
    'r-000001,load,1970-01-01T00:16:40.000Z,decode-0,,requestsPerSecond,2,false',
    'r-000001,load,1970-01-01T00:16:40.000Z,decode-0,,running,1,false',
    'r-000001,load,1970-01-01T00:16:40.000Z,decode-0,,queued,0,false',
    'r-000001,load,1970-01-01T00:16:40.000Z,decode-0,,kvUsage,0.5,false',
  ]);
  // No formula, and one cell.
  expect(csvOf(RUN)).toContain(`gpu,,warning,"'=1+1, said ""x""\nand went",false\n`);
});

test('as one object', () => {
  expect(JSON.parse(jsonOf(RUN))).toEqual({
    schema: 'dyn-slurm/export/1',
    run: 'r-000001',
    name: 'r',
    job: null,
    mock: false,
    events: RUN.events,
    bench: RUN.bench,
    load: RUN.load,
    gpus: [],
  });
});

test('as OpenMetrics: each family in one piece, with times, and an end', () => {
  const lines = openMetricsOf(RUN).split('\n');
  const families = lines.filter((line) => line.startsWith('# TYPE'));
  expect(new Set(families).size).toBe(families.length);
  const at = lines.indexOf('# TYPE dyn_slurm_load_output_tokens_per_second gauge');
  expect(lines.slice(at, at + 3)).toEqual([
    '# TYPE dyn_slurm_load_output_tokens_per_second gauge',
    'dyn_slurm_load_output_tokens_per_second{run="r-000001",subject="service",mock="false"} 20 1000',
    'dyn_slurm_load_output_tokens_per_second{run="r-000001",subject="decode-0",mock="false"} 20 1000',
  ]);
  expect(lines).toContain(
    'dyn_slurm_bench_ttft_mean_ms{run="r-000001",subject="bench",mock="false",concurrency="4"} 12.5 1795510920',
  );
  expect(lines.slice(-2)).toEqual(['# EOF', '']);
});

test('figures of mock engines are marked in every form', () => {
  const mocked = { ...RUN, mock: true };
  const rows = csvOf(mocked).split('\n').slice(1, -1);
  expect(rows.filter((line) => /,(bench|load),/.test(line)).every((line) => line.endsWith(',true'))).toBe(
    true,
  );
  expect(JSON.parse(jsonOf(mocked)).mock).toBe(true);
  const samples = openMetricsOf(mocked)
    .split('\n')
    .filter((line) => /^dyn_slurm/.test(line));
  expect(samples.every((line) => line.includes('mock="true"'))).toBe(true);
});

test.each([
  ['a\nb\nc\n', 'a\nb\nc', []],
  ['a\nb\nc', 'a\nx\nc', ['- b', '+ x']],
  ['a\nb', 'b\nc', ['- a', '+ c']],
  ['', 'a', ['- ', '+ a']],
  ['a\nb\nc\nd', 'b\nd\ne', ['- a', '- c', '+ e']],
])('lines that differ: %j, %j', (before, after, expected) => {
  expect(lineDifference(before, after)).toEqual(expected);
});
