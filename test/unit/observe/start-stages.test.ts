import { expect, test } from 'vitest';
import type { StageLine } from '../../../src/engines/dialect.ts';
import { type StageLimits, StartStages } from '../../../src/observe/start-stages.ts';
import { sglangLine } from './sglang-line.ts';

function stage(text: string): StageLine {
  const line = sglangLine(text);
  if (line?.kind !== 'stage') throw new Error(`${text} is of no stage`);
  return line;
}

const BEGIN = stage('[2025-12-10 13:50:00 TP0] Load weight begin. avail mem=78.51 GB');
const shards = (done: number) =>
  stage(`Loading safetensors checkpoint shards:  40% Completed | ${done}/5 [00:08<00:12,  4.00s/it]`);
const END = stage('[2025-12-10 13:50:21 TP0] Load weight end. type=X, mem usage=41.52 GB.');
const GRAPHS = stage(
  '[2025-12-10 13:50:21 TP0] Capture cuda graph begin. This can take up to several minutes. ',
);

test('a start is told stage by stage, each change once', () => {
  const stages = new StartStages();
  const told: unknown[] = [];
  const hear = (line: StageLine | undefined, now: number) => {
    if (line) stages.hear(line, now);
    told.push(stages.news(now));
  };
  hear(undefined, 0);
  hear(BEGIN, 1000);
  hear(undefined, 2000);
  hear(shards(1), 5000);
  hear(shards(2), 9000);
  hear(END, 21_000);
  hear(GRAPHS, 22_000);
  hear(END, 23_000);
  expect(told).toEqual([
    undefined,
    { stage: 'weights', state: 'going', seconds: 0 },
    undefined,
    { stage: 'weights', state: 'going', done: 1, total: 5, seconds: 4 },
    { stage: 'weights', state: 'going', done: 2, total: 5, seconds: 8 },
    { stage: 'weights', state: 'done', done: 2, total: 5, seconds: 21 },
    { stage: 'cuda-graphs', state: 'going', seconds: 1 },
    undefined,
  ]);
});

test('a stage that stands still past its deadline is told once, until it moves', () => {
  const stages = new StartStages();
  stages.hear(GRAPHS, 0);
  stages.news(0);
  expect(stages.news(599_000)).toBeUndefined();
  expect(stages.news(600_000)).toEqual({
    stage: 'cuda-graphs',
    state: 'stuck',
    seconds: 600,
    deadline: 600,
    advice: expect.stringContaining('sglang#26137'),
  });
  expect(stages.news(700_000)).toBeUndefined();
  stages.hear(stage('Capturing batches (bs=8 avail_mem=17.20 GB):  25%|##5  | 1/4 [00:01<00:04]'), 701_000);
  expect(stages.news(701_000)).toMatchObject({ state: 'going', done: 1, total: 4 });
  expect(stages.news(1_301_000)).toMatchObject({ state: 'stuck', done: 1 });
});

test('the deadlines of a plan hold, and those of a plan that says nothing are the defaults', () => {
  const stuckAt = (limits: StageLimits | undefined, seconds: number) => {
    const stages = new StartStages(limits);
    stages.hear(GRAPHS, 0);
    stages.news(0);
    return stages.news(seconds * 1000)?.deadline;
  };
  expect(stuckAt({ 'cuda-graphs': 60 }, 59)).toBeUndefined();
  expect(stuckAt({ 'cuda-graphs': 60 }, 60)).toBe(60);
  expect(stuckAt({ weights: 60 }, 60)).toBeUndefined();
  expect(stuckAt({ weights: 60 }, 600)).toBe(600);
});

test('a worker that serves is in no stage', () => {
  const stages = new StartStages();
  stages.hear(GRAPHS, 0);
  stages.serves();
  expect(stages.news(10_000_000)).toMatchObject({ stage: 'cuda-graphs', state: 'done' });
  expect(stages.news(20_000_000)).toBeUndefined();
});

test("who begins to watch late is told how long stages took by the lines' own times", () => {
  const stages = new StartStages();
  const read = Date.parse('2025-12-10T14:30:00Z');
  for (const line of [BEGIN, shards(1), shards(5), END]) stages.hear(line, read);
  expect(stages.news(read)).toEqual({ stage: 'weights', state: 'done', done: 5, total: 5, seconds: 21 });
  stages.hear(GRAPHS, read + 1000);
  // The node's clock is behind, or in another zone.
  expect(stages.news(read + 3000)).toEqual({ stage: 'cuda-graphs', state: 'going', seconds: 3 });
});
