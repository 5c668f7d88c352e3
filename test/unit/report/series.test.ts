import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { logBegan, parseGpuCsv } from '../../../src/observe/gpu-log.ts';
import { gpuSeries } from '../../../src/report/gpu-series.ts';
import { LoadRecorder } from '../../../src/report/load-series.ts';
import { timelineOf } from '../../../src/report/section/timeline.ts';
import { packageRoot } from '../../world.ts';
import { EVENTS } from './sample-run.ts';

const SMI = `timestamp, index, utilization.gpu [%], utilization.memory [%], memory.used [MiB], memory.total [MiB], power.draw [W], clocks.current.sm [MHz], temperature.gpu
2026/11/24 09:00:00.100, 0, 10, 1, 1024, 81559, 100.50, 1980, 40
2026/11/24 09:00:00.120, 1, 30, 1, 2048, 81559, [N/A], 1980, 40
nvidia-smi: a word of warning
2026/11/24 09:00:05.110, 0, 50, 1, 1024, 81559, 300.00, 1980, 40
`;

test('reads what nvidia-smi prints', () => {
  expect(parseGpuCsv(SMI, 5)).toEqual([
    { seconds: 0, gpu: 0, busy: 10, memory: 1024, power: 100.5 },
    { seconds: 0.02, gpu: 1, busy: 30, memory: 2048, power: null },
    { seconds: 5.01, gpu: 0, busy: 50, memory: 1024, power: 300 },
  ]);
});

test('reads the log of an H200 under load', () => {
  const path = join(packageRoot, 'test/recorded/h200/disaggregated/logs/gpu.node0.csv');
  const samples = parseGpuCsv(readFileSync(path, 'utf8'), 1);
  expect([samples.length, samples[0], samples.at(-1)]).toEqual([
    126,
    { seconds: 0, gpu: 0, busy: 0, memory: 43_678, power: 121.99 },
    { seconds: 125.044, gpu: 0, busy: 0, memory: 48_410, power: 122.19 },
  ]);
  const { gpus, over } = gpuSeries('node0', ['prefill', 'decode'], samples, 0);
  const peak = over.columns.map((column) => Math.max(...column.map(Number)));
  expect({ gpus, peak }).toEqual({ gpus: 1, peak: [96.0, 92215.0, 295.5] });
});

const DCGM = `#Entity   GPUTL   FBUSD   POWER    SMCLK   TMPTR   SMACT   TENSO
ID
GPU 0     10      1024    100.500  1980    40      0.100   0.000
GPU 1     30      2048    N/A      1980    40      0.100   0.000
GPU 0     50      1024    300.000  1980    40      0.100   0.000
`;

test('reads what dcgmi prints, which tells no time', () => {
  expect(parseGpuCsv(DCGM, 5)).toEqual([
    { seconds: 0, gpu: 0, busy: 10, memory: 1024, power: 100.5 },
    { seconds: 0, gpu: 1, busy: 30, memory: 2048, power: null },
    { seconds: 5, gpu: 0, busy: 50, memory: 1024, power: 300 },
  ]);
});

// ROCm 7.2, of a GPU that is one partition, and of one that is two; its header comes once a sample in some releases.
const AMD = `timestamp,gpu,xcp,power_usage,max_power,gfx_clk,gfx,mem,mem_clock,vram_used,vram_free,vram_total,vram_percent
1764428260,0,0,251,1400,144,10,1,1900,1024,293872,294896,0.35
1764428260,1,0,N/A,1400,144,30,1,1900,2048,292848,294896,0.69
1764428260,1,1,N/A,N/A,144,90,N/A,N/A,9,292848,294896,0.69
timestamp,gpu,xcp,power_usage,max_power,gfx_clk,gfx,mem,mem_clock,vram_used,vram_free,vram_total,vram_percent
1764428265,0,0,900,1400,2400,50,1,1900,1024,293872,294896,0.35
`;

test('reads what amd-smi prints', () => {
  expect(parseGpuCsv(AMD, 5)).toEqual([
    { seconds: 0, gpu: 0, busy: 10, memory: 1024, power: 251 },
    { seconds: 0, gpu: 1, busy: 30, memory: 2048, power: null },
    { seconds: 5, gpu: 0, busy: 50, memory: 1024, power: 900 },
  ]);
  // Its stamps are of no zone, so the head node's clock has no part in it.
  expect(logBegan(AMD, Date.parse('2025-11-29T14:57:00Z'))).toBe(1_764_428_260_000);
});

test("a node's GPUs are told as their mean", () => {
  expect(gpuSeries('n0', ['decode'], parseGpuCsv(SMI, 5), 1_000_000)).toEqual({
    node: 'n0',
    roles: ['decode'],
    gpus: 2,
    over: {
      times: [1000, 1005],
      columns: [
        [20, 50],
        [1536, 1024],
        [100.5, 300],
      ],
      samples: 1,
    },
  });
});

test('what a task prolog prints before, with its last line open, hides nothing', () => {
  const prolog = '\n=====\n prolog of the site: scratch is /scratch/17';
  expect(parseGpuCsv(`${prolog}${SMI}`, 5)).toEqual(parseGpuCsv(SMI, 5));
  expect(parseGpuCsv(`${prolog}${DCGM}`, 5)).toEqual(parseGpuCsv(DCGM, 5));
});

test('what is no log of GPUs has no samples', () => {
  expect(parseGpuCsv('nvidia-smi is not on the PATH of this node\n', 5)).toEqual([]);
});

test('scrapes become rates', () => {
  const recorder = new LoadRecorder();
  const sample = (name: string, value: number) => ({ name, labels: {}, value });
  for (const [seconds, tokens] of [
    [0, 0],
    [10, 50],
    [20, 250],
  ] as const) {
    recorder.add({
      time: seconds * 1000,
      targets: new Map([
        ['frontend-0', [sample('dynamo_frontend_output_tokens_total', tokens)]],
        ['decode-0', [sample('sglang:num_running_reqs', seconds)]],
      ]),
    });
  }
  const series = recorder.series();
  expect(series?.looks).toBe(3);
  expect(series?.total.times).toEqual([10, 20]);
  expect(series?.total.columns[1]).toEqual([5, 20]);
  expect(series?.workers.map(({ step, running, kvUsage }) => ({ step, running, kvUsage }))).toEqual([
    { step: 'decode-0', running: [10, 20], kvUsage: [null, null] },
  ]);
  expect(new LoadRecorder().series()).toBeUndefined();
});

test('a run is told from its submission to its verdict', () => {
  const measured = [{ concurrency: 4, started: '2026-11-24T09:02:00Z', ended: '2026-11-24T09:03:00Z' }];
  const spans = timelineOf(EVENTS, '2026-11-24T09:00:00.000Z', measured);
  const from = Date.parse('2026-11-24T09:00:00Z');
  expect(
    spans.map(({ name, start, end, kind }) => [name, (start - from) / 1000, (end - from) / 1000, kind]),
  ).toEqual([
    ['queue', 0, 10, 'start'],
    ['nodes', 10, 11, 'start'],
    ['etcd', 11.5, 12, 'start'],
    ['decode workers', 11.5, 20, 'start'],
    ['first completion', 20, 21, 'start'],
    ['serving', 21, 600, 'serve'],
    ['concurrency 4', 120, 180, 'serve'],
    ['warning: gpu', 300, 300, 'trouble'],
    ['teardown', 600, 602, 'end'],
  ]);
  expect(timelineOf([])).toEqual([]);
});
