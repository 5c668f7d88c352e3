import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { energyOf, type PowerSample } from '../../../src/bench/energy.ts';
import { gpuPower } from '../../../src/bench/gpu-power.ts';
import { localHost } from '../../../src/host/local.ts';
import { logBegan, parseGpuCsv } from '../../../src/observe/gpu-log.ts';
import { readGpuLogs } from '../../../src/observe/gpu-log-files.ts';
import type { ObservedEvent } from '../../../src/run/events.ts';
import type { PlanFile } from '../../../src/run/plan-file.ts';

/** Samples of `watts`, one a second from 0 on. */
const every = (watts: readonly number[]): readonly PowerSample[] =>
  watts.map((each, second) => ({ time: second * 1000, watts: each }));

test('a load at one power for all of its span', () => {
  const level = every(Array(11).fill(300));
  expect(energyOf([level, level], { from: 0, until: 10_000, lasted: 10_000 })).toEqual({
    joules: 6000,
    watts: 600,
    gpus: 2,
  });
});

test('a load that lasted a part of its span is where the GPUs drew the most', () => {
  const watts = [100, 100, 100, 500, 500, 500, 100, 100, 100, 100, 100];
  expect(energyOf([every(watts)], { from: 0, until: 10_000, lasted: 2000 })).toEqual({
    joules: 1000,
    watts: 500,
    gpus: 1,
  });
});

test('what is between samples is drawn straight, and the ends are level', () => {
  const samples = [
    { time: 0, watts: 100 },
    { time: 5000, watts: 200 },
    { time: 10_000, watts: 100 },
  ];
  expect(energyOf([samples], { from: 2500, until: 7500, lasted: 5000 })).toEqual({
    joules: 875,
    watts: 175,
    gpus: 1,
  });
  expect(energyOf([samples], { from: 0, until: 12_000, lasted: 12_000 })).toMatchObject({ joules: 1700 });
});

test.each([
  [[], 'no GPU of the run has a log of its power'],
  [[every([1, 1]), []], "the log of a GPU's power has gaps or does not reach over the measurement"],
  [[every([1, 1, 1])], "the log of a GPU's power has gaps or does not reach over the measurement"],
  [
    [
      [
        { time: 0, watts: 1 },
        { time: 70_000, watts: 1 },
      ],
    ],
    "the log of a GPU's power has gaps or does not reach over the measurement",
  ],
])('an unknown power is no 0: %j', (gpus: readonly (readonly PowerSample[])[], why) => {
  expect(energyOf(gpus, { from: 0, until: 65_000, lasted: 10_000 })).toBe(why);
});

const H200 = readFileSync(
  join(import.meta.dirname, '../../recorded/h200/aggregated/logs/gpu.node0.csv'),
  'utf8',
);

test('a benchmark of 2.1 s, in a tool that took 17 s, on an H200', () => {
  const began = logBegan(H200, Date.parse('2026-11-29T09:55:04Z'));
  const samples = parseGpuCsv(H200, 1).map(({ seconds, power }) => ({
    time: began + seconds * 1000,
    watts: power ?? 0,
  }));
  const [from, until] = ['09:57:49.782', '09:58:06.551'].map((time) => Date.parse(`2026-11-29T${time}Z`));
  const energy = energyOf([samples], { from: from ?? 0, until: until ?? 0, lasted: 2100 });
  // Its idle power is 122 W: the load is found, not the tool's start.
  expect(energy).toEqual({ joules: expect.closeTo(579, -1), watts: expect.closeTo(276, -1), gpus: 1 });
});

test('the stamps of a log are of the node’s own zone', () => {
  const utc = Date.parse('2026-11-29T09:55:04.904Z');
  expect(logBegan(H200, utc - 900)).toBe(utc);
  expect(logBegan(H200, utc - 5.5 * 3_600_000 + 800)).toBe(utc - 5.5 * 3_600_000);
  expect(logBegan('#Entity POWER\nGPU 0 100\n', 7)).toBe(7);
});

const folder = { path: mkdtempSync(join(tmpdir(), 'energy-')) };
const host = localHost({ path: [], env: {}, extra: {} });

const planOf = (gpus: readonly number[], argv = ['nvidia-smi']) =>
  ({
    nodes: [{ index: 0 }, { index: 1 }],
    workers: [{ nodes: [1], gpus }],
    processes: [{ name: 'gpu', argv }],
  }) as unknown as PlanFile;
const EVENTS = [
  {
    kind: 'nodes-bound',
    time: '2026-11-29T09:55:00Z',
    nodes: [
      { index: 0, host: 'a' },
      { index: 1, host: 'b.example.org' },
    ],
  },
  { kind: 'step-started', step: 'gpu', time: '2026-11-29T09:57:40Z' },
] as unknown as readonly ObservedEvent[];

test('only GPUs of the run’s workers count, and what is missing is said', async () => {
  const logs = join(folder.path, 'logs');
  mkdirSync(logs, { recursive: true });
  const power = async (gpus: readonly number[], plan = planOf(gpus)) =>
    gpuPower(
      plan,
      EVENTS,
      await readGpuLogs(host, { folder: logs, names: await host.list(logs) }, { plan, events: EVENTS }),
    );
  expect(await power([0])).toBe('node b.example.org has no log of its GPUs');
  const log =
    'timestamp, index, power.draw [W]\n2026/11/29 09:57:41.000, 0, 100.5\n2026/11/29 09:57:41.000, 1, 700\n2026/11/29 09:57:41.000, 2, [N/A]\n2026/11/29 09:57:41.000, 3, 0\n';
  writeFileSync(join(folder.path, 'logs/gpu.b.csv'), log);
  expect(await power([0])).toEqual([[{ time: Date.parse('2026-11-29T09:57:41Z'), watts: 100.5 }]]);
  expect(await power([0, 2])).toBe('the log of node b.example.org has no power of GPU 2');
  expect(await power([3])).toBe('the log of node b.example.org has no power of GPU 3');
  expect(await power([])).toBe('no worker has a GPU');
  expect(await power([0], { ...planOf([0]), processes: [] })).toBe('observe.gpu_log is none');
});
