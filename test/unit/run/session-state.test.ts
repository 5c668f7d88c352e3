import { expect, test } from 'vitest';
import type { ObservedEvent } from '../../../src/run/events.ts';
import type { Outline } from '../../../src/run/plan-file.ts';
import { sessionState } from '../../../src/run/session-state.ts';
import { stateAfter } from '../../../src/run/state.ts';

const outline: Outline = {
  steps: [
    { name: 'etcd', kind: 'etcd', role: null },
    { name: 'frontend-0', kind: 'frontend', role: null },
    { name: 'prefill-0', kind: 'worker', role: 'prefill' },
    { name: 'decode-0', kind: 'worker', role: 'decode' },
  ],
};

const at = (second: number) => `2025-11-24T05:43:${String(second).padStart(2, '0')}.000Z`;
const started = (second: number, step: string, ...nodes: string[]): ObservedEvent => ({
  time: at(second),
  kind: 'step-started',
  step,
  nodes,
});

const UP: readonly ObservedEvent[] = [
  started(1, 'etcd', 'node1'),
  started(2, 'frontend-0', 'node1'),
  { time: at(3), kind: 'service-ready', step: 'frontend-0', seconds: 2 },
  { time: at(4), kind: 'session-open', seconds: 3 },
  started(5, 'prefill-0', 'node2', 'node3'),
  { time: at(9), kind: 'step-serving', step: 'prefill-0', role: 'prefill', seconds: 4 },
];

test('steps by their latest news', () => {
  expect(sessionState(stateAfter(UP), outline)).toEqual({
    open: true,
    steps: [
      {
        name: 'frontend-0',
        kind: 'frontend',
        role: null,
        nodes: ['node1'],
        phase: 'serving',
        since: at(3),
        starts: 1,
      },
      {
        name: 'prefill-0',
        kind: 'worker',
        role: 'prefill',
        nodes: ['node2', 'node3'],
        phase: 'serving',
        since: at(9),
        starts: 1,
      },
      { name: 'decode-0', kind: 'worker', role: 'decode', nodes: [], phase: 'idle', since: '', starts: 0 },
      { name: 'bench', kind: 'bench', role: null, nodes: [], phase: 'idle', since: '', starts: 0 },
    ],
  });
});

test('a worker that is changed, dies, and is started again', () => {
  const died: ObservedEvent = {
    time: at(12),
    kind: 'step-ended',
    step: 'prefill-0',
    reason: 'prefill-0 on node2 exited with code 2',
    exit: 2,
    line: 'unrecognized arguments: --x',
  };
  const told: ObservedEvent = {
    time: at(10),
    kind: 'command',
    command: 'c1',
    verb: 'restart',
    steps: ['prefill-0'],
    from: 'me@login:1',
  };
  const events: ObservedEvent[] = [
    ...UP,
    told,
    { time: at(10), kind: 'step-stopped', step: 'prefill-0' },
    { time: at(10), kind: 'step-changed', step: 'prefill-0', change: 'ab12cd' },
    started(11, 'prefill-0', 'node2', 'node3'),
  ];
  const prefill = (more: readonly ObservedEvent[]) =>
    sessionState(stateAfter([...events, ...more]), outline).steps.find(({ name }) => name === 'prefill-0');
  expect(sessionState(stateAfter(events), outline).command).toEqual(told);
  expect(prefill([])).toMatchObject({ phase: 'starting', since: at(11), starts: 2, change: 'ab12cd' });
  expect(prefill([died])).toMatchObject({ phase: 'ended', since: at(12), end: died });
  const again = prefill([
    died,
    { time: at(13), kind: 'answer', command: 'c1', outcome: 'done', reason: 'started' },
    { time: at(14), kind: 'step-changed', step: 'prefill-0', change: 'none' },
    started(15, 'prefill-0', 'node2'),
    { time: at(16), kind: 'step-stopped', step: 'prefill-0' },
  ]);
  expect(again).toEqual({
    name: 'prefill-0',
    kind: 'worker',
    role: 'prefill',
    nodes: ['node2'],
    phase: 'stopped',
    since: at(16),
    starts: 3,
  });
});

test('what a new supervisor does not find has ended', () => {
  const events: ObservedEvent[] = [...UP, { time: at(30), kind: 'session-resumed', adopted: ['frontend-0'] }];
  const { open, steps } = sessionState(stateAfter(events), outline);
  expect(open).toBe(true);
  expect(steps.map(({ name, phase, end }) => [name, phase, end?.reason])).toEqual([
    ['frontend-0', 'serving', undefined],
    ['prefill-0', 'ended', 'prefill-0 ended while the session had no supervisor'],
    ['decode-0', 'idle', undefined],
    ['bench', 'idle', undefined],
  ]);
});

test('a worker that etcd does not know any more, until it is registered again, or ends', () => {
  const serving: readonly ObservedEvent[] = [
    ...UP,
    started(10, 'decode-0', 'node4'),
    { time: at(11), kind: 'step-serving', step: 'decode-0', role: 'decode', seconds: 1 },
  ];
  const lost: ObservedEvent = {
    time: at(20),
    kind: 'unregistered',
    role: 'decode',
    have: 0,
    want: 1,
    missing: ['decode-0'],
    reason: 'decode-0 on node4 has lost its registration in etcd, although its process runs',
  };
  const decode = (...more: readonly ObservedEvent[]) => {
    const { steps } = sessionState(stateAfter([...serving, ...more]), outline);
    expect(steps.find(({ name }) => name === 'prefill-0')?.phase).toBe('serving');
    const { phase, since } = steps.find(({ name }) => name === 'decode-0') ?? {};
    return [phase, since];
  };
  expect(decode(lost)).toEqual(['unregistered', at(20)]);
  expect(decode({ ...lost, missing: [] })).toEqual(['serving', at(11)]);
  expect(
    decode(lost, { time: at(25), kind: 'registered-again', role: 'decode', have: 1, want: 1, seconds: 5 }),
  ).toEqual(['serving', at(25)]);
  expect(
    decode(lost, { time: at(26), kind: 'session-resumed', adopted: ['prefill-0', 'decode-0', 'frontend-0'] }),
  ).toEqual(['serving', at(26)]);
  expect(decode(lost, { time: at(27), kind: 'step-stopped', step: 'decode-0', role: 'decode' })).toEqual([
    'stopped',
    at(27),
  ]);
});
