import { expect, test } from 'vitest';
import { benchResult, type FoundBench, type FoundPoint } from '../../../src/bench/assemble.ts';
import type { BenchOutline } from '../../../src/plan/bench/spec.ts';
import type { ObservedEvent } from '../../../src/run/events.ts';

const START = Date.parse('2026-01-02T03:00:00Z');

const OUTLINE: BenchOutline = {
  version: 1,
  name: 'bench',
  type: 'vllm',
  isl: 100,
  osl: 10,
  requestRate: 'inf',
  inputLength: [100, 100],
  outputLength: [10, 10],
  lengthTolerance: 0.1,
  maxErrorRate: 0,
  points: [],
  service: { model: 'm', dynamo: '1.6.1' },
};

const PROVENANCE = {
  mock: false,
  dynamo: '1.6.1',
  model: 'm',
  gpus: { model: 'h100', total: 8, prefill: 4, decode: 4, aggregated: 0 },
};

/** A whole measurement in that minute: ten requests in two seconds, 10 ms a token. */
function whole(concurrency: number, minute: number): FoundPoint {
  const started = START + minute * 60_000;
  return {
    concurrency,
    prompts: 10,
    record: { started, ended: started + 30_000, status: 0, how: 'itself' },
    measured: {
      completed: 10,
      failed: 0,
      seconds: 2,
      inputTokens: 1000,
      outputTokens: 100,
      tpot: { mean: 10 },
    },
  };
}

const found = (points: readonly FoundPoint[], more: Partial<FoundBench> = {}) =>
  benchResult({
    run: 'r1-0a1b2c',
    outline: OUTLINE,
    provenance: PROVENANCE,
    points,
    events: [],
    underway: false,
    power: 'observe.gpu_log is none',
    ...more,
  });

test('whole measurements are a valid result', () => {
  expect(found([whole(4, 0)])).toEqual({
    schema: 'dyn-slurm/bench/1',
    run: 'r1-0a1b2c',
    name: 'bench',
    tool: 'vllm',
    started: '2026-01-02T03:00:00.000Z',
    ended: '2026-01-02T03:00:30.000Z',
    valid: true,
    problems: [],
    partial: false,
    provenance: PROVENANCE,
    load: { isl: 100, osl: 10, requestRate: 'inf' },
    points: [
      {
        concurrency: 4,
        requestRate: 'inf',
        prompts: 10,
        completed: 10,
        failed: 0,
        noEnergy: 'observe.gpu_log is none',
        seconds: 2,
        inputTokens: 1000,
        outputTokens: 100,
        requestsPerSecond: 5,
        outputTokensPerSecond: 50,
        totalTokensPerSecond: 550,
        perGpu: 6.25,
        perUser: 100,
        tpot: { mean: 10 },
        valid: true,
        problems: [],
        partial: false,
        started: '2026-01-02T03:00:00.000Z',
        ended: '2026-01-02T03:00:30.000Z',
      },
    ],
  });
});

test('the same concurrency several times is one point with its runs', () => {
  const { points } = found([whole(4, 0), whole(8, 1), whole(4, 2)]);
  expect(points.map(({ concurrency, started, runs }) => [concurrency, started, runs?.length])).toEqual([
    [4, '2026-01-02T03:02:00.000Z', 2],
    [8, '2026-01-02T03:01:00.000Z', undefined],
  ]);
});

const problems = (points: readonly FoundPoint[], more: Partial<FoundBench> = {}) =>
  found(points, more).problems.map(({ kind, concurrency, reason }) => `${kind} ${concurrency}: ${reason}`);

test.each<[string, Partial<FoundPoint>, readonly string[]]>([
  [
    'was ended in the midst',
    {
      record: { started: START, ended: START + 9000, status: 143, how: 'told' },
      measured: undefined,
    } as object,
    ['tool 4: it was stopped before it finished', 'unreadable 4: the tool left no result'],
  ],
  [
    'ran into its time limit, with what it had',
    {
      record: { started: START, ended: START + 9000, status: 0, how: 'late' },
      measured: { completed: 5, seconds: 1, inputTokens: 500, outputTokens: 50, cut: true },
    },
    ['tool 4: it reached its time limit', 'incomplete 4: 5 of 10 requests were completed'],
  ],
  [
    'died without a note',
    { record: { started: START }, measured: undefined } as object,
    ['tool 4: its end was not recorded', 'unreadable 4: the tool left no result'],
  ],
  [
    'failed',
    { record: { started: START, ended: START, status: 1, how: 'itself' }, measured: undefined } as object,
    ['tool 4: the tool ended with exit code 1', 'unreadable 4: the tool left no result'],
  ],
])('a tool that %s leaves a partial point, and those before it whole', (_, cut, expected) => {
  const points = [whole(2, 0), { ...whole(4, 1), ...cut }];
  expect(problems(points)).toEqual(expected);
  expect(found(points)).toMatchObject({ valid: false, partial: true });
  expect(found(points).points.map(({ valid, partial }) => [valid, partial])).toEqual([
    [true, false],
    [false, true],
  ]);
});

test('requests that a tool does not speak of have failed', () => {
  const { measured, ...point } = whole(4, 0);
  const { failed: _, ...silent } = measured ?? { completed: 0, seconds: 0, inputTokens: 0, outputTokens: 0 };
  const lossy = { ...point, measured: { ...silent, completed: 8, inputTokens: 800, outputTokens: 80 } };
  expect(problems([lossy])).toEqual(['errors 4: 2 of 10 requests failed, limit 0%']);
});

test('a measurement that was never made is missing, unless it may come yet', () => {
  const points = [whole(4, 0), { concurrency: 8, prompts: 40 }];
  expect(problems(points)).toEqual(['missing 8: it was not measured']);
  expect(found(points, { underway: true })).toMatchObject({ valid: false, partial: true, problems: [] });
});

test('a worker that was lost makes only the measurements invalid that it was lost under', () => {
  const events: readonly ObservedEvent[] = [
    {
      time: '2026-01-02T03:01:10.000Z',
      kind: 'worker-restarting',
      step: 'decode-0',
      role: 'decode',
      reason: 'decode-0 on n1 was killed by SIGKILL',
      restart: 1,
      of: 1,
      delay: 1,
    },
    {
      time: '2026-01-02T03:01:40.000Z',
      kind: 'recovered',
      step: 'decode-0',
      role: 'decode',
      restart: 1,
      seconds: 9,
    },
  ];
  const points = [whole(2, 0), whole(4, 1), whole(8, 2)];
  expect(problems(points, { events })).toEqual(['worker-restarted 4: decode-0 on n1 was killed by SIGKILL']);
  expect(found(points, { events }).points.map(({ valid }) => valid)).toEqual([true, false, true]);
});

test("of a command of the user's the times of its step count, and its exit code", () => {
  const outline: BenchOutline = { ...OUTLINE, type: 'custom' };
  const events: readonly ObservedEvent[] = [
    { time: '2026-01-02T03:00:00.000Z', kind: 'step-started', step: 'bench', nodes: ['n0'] },
    {
      time: '2026-01-02T03:00:09.000Z',
      kind: 'process-ended',
      reason: 'bench on n0 exited with code 4',
      step: 'bench',
      node: 'n0',
      rank: 0,
      exit: 4,
    },
  ];
  expect(found([], { outline, events })).toMatchObject({
    started: '2026-01-02T03:00:00.000Z',
    ended: '2026-01-02T03:00:09.000Z',
    valid: false,
    problems: [{ kind: 'tool', reason: 'bench on n0 exited with code 4' }],
    points: [],
  });
});

test('one concurrency at two rates is two points', () => {
  const { requestRate: _, ...outline } = OUTLINE;
  const { points, load } = found(
    [
      { ...whole(4, 0), requestRate: 2 },
      { ...whole(4, 1), requestRate: 'inf' },
    ],
    { outline: { ...outline, slo: { itl: 20 } } },
  );
  expect(points.map(({ requestRate, runs }) => [requestRate, runs])).toEqual([
    [2, undefined],
    ['inf', undefined],
  ]);
  expect(load).toEqual({ isl: 100, osl: 10, slo: { itl: 20 } });
});

test('goodput and acceptance are as measured', () => {
  const point = whole(4, 0);
  const more = { goodput: 4.5, acceptLength: 2.1, acceptRate: 0.6 };
  const { points } = found([
    { ...point, measured: { completed: 10, seconds: 2, inputTokens: 1000, outputTokens: 100, ...more } },
  ]);
  expect(points[0]).toMatchObject(more);
});

test('energy is that of the run’s GPUs while the load lasted, for each token', () => {
  const power = [[0, 30_000].map((after) => ({ time: START + after, watts: 400 }))];
  const { points } = found([whole(4, 0)], { power });
  // Two seconds at 400 W, for 100 tokens of answers and 1,000 of prompts.
  expect(points[0]?.energy).toEqual({
    joules: 800,
    watts: 400,
    gpus: 1,
    perOutputToken: 8,
    perToken: 800 / 1100,
  });
  expect(found([whole(4, 5)], { power }).points[0]).toMatchObject({
    noEnergy: "the log of a GPU's power has gaps or does not reach over the measurement",
  });
});

test('how speculative decoding went is the tool’s word, else the engines’, else why nobody knows', () => {
  const told = (measured: object, speculation: FoundBench['speculation']) => {
    const point = whole(4, 0);
    const own = { ...point, ...(point.measured && { measured: { ...point.measured, ...measured } }) };
    const { points } = found([own], speculation && { speculation });
    const [{ acceptLength, acceptRate, noAcceptance } = {}] = points;
    return { acceptLength, acceptRate, noAcceptance };
  };
  const engines = () => ({ acceptLength: 2, acceptRate: 0.5 });
  expect(told({ acceptLength: 3 }, engines)).toEqual({ acceptLength: 3 });
  expect(told({}, engines)).toEqual({ acceptLength: 2, acceptRate: 0.5 });
  expect(told({}, () => 'nobody tells')).toEqual({ noAcceptance: 'nobody tells' });
  expect(told({}, undefined)).toEqual({});
  // It is asked of the time of the measurement.
  expect(told({}, (from, until) => ({ acceptLength: (until - from) / 1000 }))).toEqual({ acceptLength: 30 });
});
