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

test('several lines of a rank count as their mean', () => {
  const lines = [decode(1000, 100), decode(2000, 200), decode(3000, 300)];
  expect(rates(lines, 3000)).toMatchObject({ outputTokensPerSecond: 200, running: 4 });
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

test('prefill and decode of one rank are two rates', () => {
  const prefill: BatchLine = {
    kind: 'prefill',
    time: 1000,
    ranks: { dp: 0 },
    tokensPerSecond: 5000,
    running: 2,
  };
  expect(rates([prefill, decode(1500, 100, { dp: 0 })], 2000)).toMatchObject({
    inputTokensPerSecond: 5000,
    outputTokensPerSecond: 100,
    running: 4,
  });
});

test('where no rate is told, the tokens since the batch before are one', () => {
  const prefill = (time: number): BatchLine => ({ kind: 'prefill', time, ranks: {}, newTokens: 8000 });
  expect(rates([prefill(0), prefill(4000)], 4000)).toMatchObject({ inputTokensPerSecond: (8000 + 2000) / 2 });
});

test('lines that name no ranks are those of as many as the plan has', () => {
  const lines = [decode(1000, 100), decode(1001, 300)];
  expect(rates(lines, 1500, new ThroughputWindow(10_000, 8))).toMatchObject({
    outputTokensPerSecond: 1600,
    running: 32,
  });
});
