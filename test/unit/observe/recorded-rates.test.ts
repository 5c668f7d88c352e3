import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { BatchLine } from '../../../src/engines/dialect.ts';
import { LogScanner } from '../../../src/observe/log-scanner.ts';
import { ThroughputWindow } from '../../../src/observe/throughput.ts';
import { packageRoot } from '../../world.ts';

const logs = (run: string) => join(packageRoot, 'test/recorded/h200', run, 'logs');

function batches(run: string, step: string): readonly BatchLine[] {
  const found: BatchLine[] = [];
  const scanner = new LogScanner({
    engine: (line) => line.kind !== 'stage' && line.kind !== 'kernels' && found.push(line),
    signature: () => {},
  });
  scanner.push(readFileSync(join(logs(run), `${step}.node0.log`)));
  scanner.end();
  return found;
}

/** What the service counted: tokens of prompts, cached or not, and tokens that it generated; by time in milliseconds. */
function counted(run: string) {
  const text = readFileSync(join(logs(run), 'metrics.node0.prom'), 'utf8');
  const sum = (scrape: string, series: RegExp) =>
    [...scrape.matchAll(series)].reduce((total, [, value]) => total + Number(value), 0);
  const looks = new Map<number, string>();
  for (const scrape of text.split(/^# scrape /m).slice(1)) {
    const time = Number.parseInt(scrape, 10);
    looks.set(time, (looks.get(time) ?? '') + scrape);
  }
  return [...looks].map(([time, scrape]) => ({
    time,
    input: sum(scrape, /^dynamo_frontend_input_sequence_tokens_sum\{.*\} (\d+)/gm),
    output: sum(scrape, /^sglang:realtime_tokens_total\{.*mode="decode".*\} (\d+)/gm),
  }));
}

/** Tokens by the rates in windows, one after the other, from `from` to `to`. */
function byRates(lines: readonly BatchLine[], from: number, to: number) {
  const window = new ThroughputWindow();
  const total = { input: 0, output: 0 };
  const left = [...lines];
  for (let at = from + window.window; at < to + window.window; at += window.window) {
    while (left[0]?.time !== undefined && left[0].time <= at) window.add(left.shift() as BatchLine, at);
    const { inputTokensPerSecond, outputTokensPerSecond } = window.at(at);
    total.input += (inputTokensPerSecond * window.window) / 1000;
    total.output += (outputTokensPerSecond * window.window) / 1000;
  }
  return total;
}

/** Within ten percent of it. */
const about = (value: number) => ({
  asymmetricMatch: (seen: unknown) => Math.abs(Number(seen) / value - 1) <= 0.1,
  toString: () => `about ${value}`,
});

describe('rates from the log of SGLang on an H200 are within 10% of what the service counted', () => {
  test.each([
    ['a mixture of experts', 'moe', 'aggregated-0', 'aggregated-0'],
    ['prefill and decode apart', 'disaggregated', 'prefill-0', 'decode-0'],
    ['prefill and decode by shares of a GPU', 'disaggregated-shares', 'prefill-0', 'decode-0'],
  ])('%s, over a load', (_, run, prefill, decode) => {
    const [first, last] = [counted(run)[0], counted(run).at(-1)];
    if (!first || !last) throw new Error('no scrapes');
    const from = first.time - 10_000;
    const input = byRates(batches(run, prefill), from, last.time).input;
    const output = byRates(batches(run, decode), from, last.time).output;
    expect({ input, output }).toEqual({ input: about(last.input), output: about(last.output) });
  });

  /** The window between two scrapes: the last before one time, and the last before the other. */
  function between(from: string, to: string) {
    const last = (time: string) => counted('aggregated').findLast((scrape) => scrape.time < Date.parse(time));
    const [before, after] = [last(from), last(to)];
    if (!before || !after) throw new Error('no scrapes');
    const window = new ThroughputWindow(after.time - before.time);
    for (const line of batches('aggregated', 'aggregated-0'))
      if (line.time !== undefined && line.time <= after.time) window.add(line, 0);
    const seconds = window.window / 1000;
    return {
      rates: window.at(after.time),
      input: (after.input - before.input) / seconds,
      output: (after.output - before.output) / seconds,
    };
  }

  test('in the middle of a steady load', () => {
    const { rates, input, output } = between('2026-11-29T09:58:45Z', '2026-11-29T09:58:56Z');
    expect(rates).toEqual({
      inputTokensPerSecond: about(input),
      outputTokensPerSecond: about(output),
      running: 16,
      queued: 0,
      kvUsage: 0.02,
    });
  });

  test('of two short benchmarks and the silence between them, with prompts of which an eighth was found in the cache', () => {
    const { rates, input, output } = between('2026-11-29T09:58:01Z', '2026-11-29T09:58:26Z');
    expect(rates).toMatchObject({ inputTokensPerSecond: about(input), outputTokensPerSecond: about(output) });
  });
});
