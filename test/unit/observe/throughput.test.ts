import { expect, test } from 'vitest';
import type { BatchLine } from '../../../src/engines/dialect.ts';
import type { Ranks } from '../../../src/engines/line-stamp.ts';
import { ThroughputWindow } from '../../../src/observe/throughput.ts';

const decode = (time: number, tokensPerSecond: number, ranks: Ranks = {}, rest = {}): BatchLine => ({
  kind: 'decode',
  time,
  ranks,
  tokensPerSecond,
  running: 4,
  queued: 1,
  usage: 0.5,
  ...rest,
});

function rates(lines: readonly BatchLine[], now: number, window = new ThroughputWindow()) {
  for (const line of lines) window.add(line, 0);
  return window.at(now);
}

test('DP ranks are summed', () => {
  expect(rates([decode(1000, 100, { dp: 0 }), decode(1200, 200, { dp: 1, tp: 8 })], 2000)).toEqual({
    inputTokensPerSecond: 0,
    outputTokensPerSecond: 300,
    running: 8,
    queued: 2,
    kvUsage: 0.5,
  });
});

test('TP, EP and PP ranks of a DP rank are not, in whatever order they write', () => {
  const lines = [
    decode(1000, 90, { dp: 0, tp: 3, ep: 3 }),
    decode(1000, 100, { dp: 0, tp: 0, ep: 0 }),
    decode(1000, 95, { dp: 0, tp: 1, ep: 1 }),
    decode(1000, 99, { dp: 0, tp: 0, ep: 0, pp: 1 }),
    decode(1000, 200, { dp: 1, tp: 4 }),
  ];
  expect(rates(lines, 1000)).toMatchObject({ outputTokensPerSecond: 300, running: 8 });
});

test('lines of a rank count by the time that they are of', () => {
  // 3 s at 200, and 1 s at 600; nothing is known of the time before the first line.
  const lines = [decode(1000, 100), decode(4000, 200), decode(5000, 600)];
  expect(rates(lines, 5000)).toMatchObject({ outputTokensPerSecond: 300, running: 4 });
});

test('a line after a silence brings what was generated since, and a silence after it is one', () => {
  // 8 requests that end within a second, and an hour later again.
  const lines = [decode(0, 800), decode(500, 800), decode(1000, 800)];
  const hour = 3_600_000;
  const later = [
    decode(hour, (400 * 1000) / (hour - 1000)),
    decode(hour + 500, 800),
    decode(hour + 1000, 800),
  ];
  const window = new ThroughputWindow();
  expect(rates(lines, 1000, window)).toMatchObject({ outputTokensPerSecond: 800 });
  expect(window.at(9000).outputTokensPerSecond).toBeCloseTo(800 / 9);
  expect(window.at(12_000)).toMatchObject({ outputTokensPerSecond: 0 });
  expect(rates(later, hour + 9000, window).outputTokensPerSecond).toBeCloseTo(120);
});

test('what is older than the window does not count, nor what a silent rank said', () => {
  const window = new ThroughputWindow(10_000);
  const lines = [decode(0, 1000, { dp: 0 }), decode(11_000, 100, { dp: 0 }), decode(11_000, 50, { dp: 1 })];
  expect(rates(lines, 12_000, window)).toMatchObject({ outputTokensPerSecond: 150 });
  expect(window.at(100_000)).toEqual({
    inputTokensPerSecond: 0,
    outputTokensPerSecond: 0,
    running: 0,
    queued: 0,
  });
});

test('a rank that writes every 40 s is believed between its lines', () => {
  const lines = [decode(0, 1000), decode(40_000, 1200)];
  expect(rates(lines, 75_000)).toMatchObject({ outputTokensPerSecond: 1200, running: 4 });
});

test('prefill and decode of one rank are two rates; cached prompts count', () => {
  const prefill = (time: number): BatchLine => ({
    ...{ kind: 'prefill', time, ranks: { dp: 0 }, newTokens: 500, cachedTokens: 1500, running: 2 },
  });
  const lines = [0, 1000, 2000, 3000].map(prefill);
  expect(rates([...lines, decode(3000, 100, { dp: 0 })], 3000)).toMatchObject({
    // The first line tells of a time before the window.
    inputTokensPerSecond: 800,
    outputTokensPerSecond: 100,
    running: 4,
  });
  expect(
    rates([...lines, ...[4, 5, 6, 7, 8, 9, 10, 11, 12].map((at) => prefill(at * 1000))], 12_500),
  ).toMatchObject({
    inputTokensPerSecond: 2000,
  });
});

test('batches that come at once, after none, are the tokens of a second', () => {
  const prefill = (time: number): BatchLine => ({ kind: 'prefill', time, ranks: {}, newTokens: 8000 });
  const window = new ThroughputWindow();
  for (let second = 0; second < 20; second++)
    for (const time of [0, 5, 10]) window.add(prefill(second * 1000 + time), 0);
  expect(window.at(19_500).inputTokensPerSecond).toBeCloseTo(24_000, -3);
});

test('lines that name no ranks are those of as many as the plan has', () => {
  const both = [decode(1000, 100), decode(1001, 300), decode(5000, 100), decode(5001, 300)];
  expect(rates(both, 5500, new ThroughputWindow(10_000, 2))).toMatchObject({
    outputTokensPerSecond: 400,
    running: 8,
  });
  expect(rates(both.slice(0, 2), 1500, new ThroughputWindow(10_000, 8))).toMatchObject({
    outputTokensPerSecond: 1600,
    running: 32,
  });
});
