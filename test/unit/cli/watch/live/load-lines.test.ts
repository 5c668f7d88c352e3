import { expect, test } from 'vitest';
import { LoadLines } from '../../../../../src/cli/views/live/history.ts';
import type { ServiceEventOf } from '../../../../../src/run/service-event.ts';

const load = (second: number, tokens: number): ServiceEventOf<'load'> => ({
  time: new Date(second * 1000).toISOString(),
  kind: 'load',
  via: 'direct',
  seconds: 1,
  requestsPerSecond: tokens / 100,
  failedPerSecond: 0,
  outputTokensPerSecond: tokens,
  inputTokensPerSecond: 3 * tokens,
  running: tokens > 0 ? 8 : 0,
  queued: tokens > 0 ? 1 : 0,
  ...(tokens > 0 && { ttft: { count: 9, mean: 100, p50: 88.1, p90: 190, p99: 1217 } }),
  totals: { requests: 0, failed: 0, inputTokens: 0, outputTokens: 0 },
  latencySeconds: 30,
  workers: {},
});

test('says the mean every ten seconds, and once that nothing goes on', () => {
  const lines = new LoadLines();
  const said = Array.from({ length: 60 }, (_, second) => {
    const text = lines.hear(load(100 + second, second < 20 ? 1000 * (1 + (second % 2)) : 0), false);
    return text === undefined ? [] : [`${second}: ${text}`];
  });
  expect(said.flat()).toEqual([
    '9: load: 1,500 tok/s out, 4,500 in, 15 requests/s, 8 under way, 1 of them before their first token, TTFT 88 ms (p99 1.2 s)',
    '29: load: idle',
  ]);
});
