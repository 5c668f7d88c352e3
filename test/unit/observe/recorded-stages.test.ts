import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { localHost } from '../../../src/host/local.ts';
import { WorkerLog } from '../../../src/observe/worker-log.ts';
import { readWorker } from '../../../src/report/worker-logs.ts';
import { packageRoot } from '../../world.ts';

const host = localHost({ path: [], env: {} });
const recorded = (log: string) => join(packageRoot, `test/recorded/h200/${log}.node0.log`);

/** What a watch tells of a start, of which it reads so many lines at a time, `late` milliseconds after they were written. */
async function told(log: string, lines: number, late = 0): Promise<readonly unknown[]> {
  const dir = mkdtempSync(join(tmpdir(), 'dyn-slurm-log-'));
  const path = join(dir, 'aggregated-0.node0.log');
  const worker = new WorkerLog(host, { step: 'aggregated-0', node: 'node0', path });
  const text = readFileSync(recorded(log), 'utf8').split('\n');
  const start = text.slice(
    0,
    text.findIndex((line) => line.includes('Engine startup timings')),
  );
  const said: unknown[] = [];
  let time = Date.parse('2026-11-29T09:55:29Z');
  for (let at = 0; at < start.length; at += lines) {
    const part = start.slice(at, at + lines);
    writeFileSync(path, part.map((line) => `${line}\n`).join(''), { flag: 'a' });
    time = Date.parse(part.findLast((line) => /^20\S+Z/.test(line))?.slice(0, 27) ?? '') || time;
    await worker.read(time + late);
    said.push(worker.stages.news(time + late) ?? []);
  }
  return said.flat();
}

const graphs = { stage: 'cuda-graphs', done: 58, total: 58 };

test('a start, as it goes', async () => {
  expect(
    (await told('aggregated/logs/aggregated-0', 1)).filter((one) => (one as { done?: number }).done !== 0),
  ).toEqual([
    { stage: 'weights', state: 'going', seconds: 0 },
    { stage: 'weights', state: 'going', done: 3, total: 3, seconds: 0 },
    { stage: 'weights', state: 'done', done: 3, total: 3, seconds: 0 },
    { stage: 'kv-cache', state: 'going', seconds: 0 },
    { stage: 'kv-cache', state: 'done', seconds: 0 },
    { stage: 'cuda-graphs', state: 'going', seconds: 0 },
    { ...graphs, state: 'going', seconds: 0 },
    { ...graphs, state: 'done', seconds: 93 },
    { ...graphs, done: 12, total: 12, state: 'going', seconds: 93 },
    { ...graphs, done: 12, total: 12, state: 'done', seconds: 95 },
  ]);
});

test('a start that was over when the watch began took as long as its lines say', async () => {
  expect(await told('aggregated/logs/aggregated-0', 1000, 3_600_000)).toEqual([
    { ...graphs, done: 12, total: 12, state: 'done', seconds: 95 },
  ]);
  expect(await told('disaggregated/logs/decode-0', 1000, 3_600_000)).toEqual([
    { ...graphs, done: 12, total: 12, state: 'done', seconds: 40 },
  ]);
});

test('a start that found its kernels compiled', async () => {
  expect(await told('kv-routing/logs/aggregated-0', 1000, 3_600_000)).toEqual([
    { stage: 'cuda-graphs', kernels: 'cached', done: 12, total: 12, state: 'done', seconds: 10 },
  ]);
});

test('a watch that begins while graphs are captured, of which no line tells, knows since when', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'dyn-slurm-log-'));
  const path = join(dir, 'aggregated-0.node0.log');
  const text = readFileSync(recorded('aggregated/logs/aggregated-0'), 'utf8');
  writeFileSync(path, text.slice(0, text.indexOf('  0%|')));
  const worker = new WorkerLog(host, { step: 'aggregated-0', node: 'node0', path });
  const now = Date.parse('2026-11-29T09:57:07Z');
  await worker.read(now);
  expect(worker.stages.news(now)).toEqual({ stage: 'cuda-graphs', state: 'going', seconds: 80 });
});

test('the stages of a report', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'dyn-slurm-log-'));
  mkdirSync(join(dir, 'logs'));
  const path = join(dir, 'logs/prefill-0.node0.log');
  copyFileSync(recorded('disaggregated/logs/prefill-0'), path);
  const { stages } = await readWorker(host, { step: 'prefill-0', paths: [path], dp: 1 }, 0, {
    times: [],
    window: 10_000,
  });
  const at = (time: string) => Date.parse(`2026-11-29T${time}Z`);
  expect(stages).toEqual([
    { stage: 'weights', start: at('10:11:53.869'), end: at('10:11:54.302'), done: 3, total: 3, ended: true },
    { stage: 'kv-cache', start: at('10:11:54.862'), end: at('10:11:54.862'), ended: true },
    {
      stage: 'cuda-graphs',
      start: at('10:11:55.050'),
      end: at('10:12:40.788'),
      done: 58,
      total: 58,
      ended: true,
    },
  ]);
});
