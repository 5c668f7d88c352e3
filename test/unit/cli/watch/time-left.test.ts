import { beforeAll, expect, test } from 'vitest';
import { isNews } from '../../../../src/cli/views/screen.ts';
import { timeLeft, timeLeftText, timeLimitText } from '../../../../src/cli/views/time-left.ts';
import type { EventOf, QueueEvent } from '../../../../src/run/events.ts';
import { NEW_RUN } from '../../../../src/run/state.ts';

beforeAll(() => {
  process.env.TZ = 'UTC';
});

const END = Date.parse('2025-11-24T14:03:59.000Z');

const queue: QueueEvent = {
  time: '2025-11-24T10:03:59.000Z',
  kind: 'queue',
  job: '4242',
  state: 'RUNNING',
  phase: 'running',
  reason: '',
  nodes: 2,
  nodeList: 'node[1-2]',
  end: new Date(END).toISOString(),
};

test.each([
  [4 * 3600, '4 h left', '4 h left, until 2025-11-24 14:03:59'],
  [50 * 3600, '2 d 2 h left', '2 d 2 h left, until 2025-11-24 14:03:59'],
  [61, '1 min 1 s left', '1 min 1 s left, until 2025-11-24 14:03:59'],
  [-30, '0.0 s left', '0.0 s left, until 2025-11-24 14:03:59'],
])('%d s before the end: %s', (seconds, short, long) => {
  const state = { ...NEW_RUN, queue };
  const now = END - seconds * 1000;
  expect([timeLeftText(state, now), timeLimitText(state, now)]).toEqual([short, long]);
});

test('nothing is said of a job without a limit, or whose run has ended', () => {
  const { end: _, ...unlimited } = queue;
  const verdict = {
    kind: 'verdict',
    time: '',
    outcome: 'failed',
    reason: '',
    seconds: 1,
  } as EventOf<'verdict'>;
  for (const state of [NEW_RUN, { ...NEW_RUN, queue: unlimited }, { ...NEW_RUN, queue, verdict }])
    expect([timeLeft(state, END), timeLeftText(state, END), timeLimitText(state, END)]).toEqual([
      undefined,
      '',
      '',
    ]);
});

test('the limit is news once, and again when it changes', () => {
  const started = { kind: 'job-started', time: '', job: '4242', attempt: 0, nodes: 2 } as const;
  const later = { ...queue, end: new Date(END + 3600_000).toISOString() };
  expect(isNews(queue, { ...NEW_RUN, started })).toBe(true);
  expect(isNews(queue, { ...NEW_RUN, started, queue })).toBe(false);
  expect(isNews(later, { ...NEW_RUN, started, queue })).toBe(true);
});
