import { expect, test } from 'vitest';
import type { ObservedEvent, RunEventBody } from '../../../src/run/events.ts';
import { absences, stateAfter } from '../../../src/run/state.ts';

const events = (...bodies: readonly RunEventBody[]): readonly ObservedEvent[] =>
  bodies.map((body, index) => ({ time: `2025-11-24T05:43:0${index}.000Z`, ...body }));

const lost = { reason: 'x', node: 'node2', rank: 0, signal: 'KILL' };
const restarting = (step: string) =>
  ({ kind: 'worker-restarting', step, role: 'decode', restart: 1, of: 3, delay: 1, ...lost }) as const;
const degraded = (step: string) =>
  ({ kind: 'degraded', step, role: 'decode', have: 1, want: 2, missing: [step], ...lost }) as const;
const ready = { kind: 'ready', url: 'http://10.0.0.1:8000', model: 'm', seconds: 9 } as const;
const started = (attempt: number) => ({ kind: 'job-started', job: '7', attempt, nodes: 2 }) as const;

const absent = (...bodies: readonly RunEventBody[]) =>
  absences(stateAfter(events(...bodies))).map(({ step }) => step);

test('a worker is absent until it has recovered', () => {
  expect(absent(ready, restarting('decode-0'), restarting('decode-1'))).toEqual(['decode-0', 'decode-1']);
  const recovered = { kind: 'recovered', step: 'decode-0', role: 'decode', restart: 1, seconds: 20 } as const;
  expect(absent(ready, restarting('decode-0'), restarting('decode-1'), recovered)).toEqual(['decode-1']);
});

test('a worker that was started again before the service was ready is there with it, a lost one is not', () => {
  expect(absent(restarting('decode-0'), degraded('decode-1'), ready)).toEqual(['decode-1']);
});

test('what belongs to an attempt goes when Slurm puts the job back, and only blame, losses and the queue stay', () => {
  const queue: ObservedEvent = {
    time: '2025-11-24T05:43:00.000Z',
    kind: 'queue',
    job: '7',
    state: 'RUNNING',
    phase: 'running',
    reason: '',
    nodes: 2,
    nodeList: 'node[1-2]',
  };
  const first = events(
    started(0),
    { kind: 'nodes-bound', nodes: [{ index: 0, host: 'node1', ip: '10.0.0.1' }] },
    { kind: 'port-moved', from: '8000', to: '8100', reason: 'p' },
    { kind: 'step-started', step: 'decode-1', role: 'decode', nodes: ['node2'] },
    { kind: 'workers-registered', role: 'decode', have: 1, want: 1 },
    ready,
    degraded('decode-1'),
    { kind: 'teardown', reason: 'y', outcome: 'cancelled' },
    { kind: 'requeued', reason: 'y', seconds: 60 },
  );
  const [requeued, again] = [first.at(-1), events(started(1))[0]];
  const between = {
    ports: new Map(),
    steps: new Map(),
    workers: new Map(),
    unregistered: new Map(),
    blamed: new Map(),
    queue,
    losses: {
      open: new Map(),
      closed: {
        loss: {
          kind: 'worker-lost',
          reason: 'x',
          from: Date.parse('2025-11-24T05:43:06.000Z'),
          until: Date.parse('2025-11-24T05:43:08.000Z'),
        },
      },
    },
  };
  expect(stateAfter([queue, ...first])).toEqual({ ...between, requeued });
  expect(stateAfter([queue, ...first, ...events(started(1))])).toEqual({ ...between, started: again });
});

test('a role is short of registrations until they are back, or its worker is lost', () => {
  const short = { kind: 'unregistered', role: 'decode', have: 1, want: 2, missing: [], reason: 'z' } as const;
  const back = { kind: 'registered-again', role: 'decode', have: 2, want: 2, seconds: 9 } as const;
  const roles = (...bodies: readonly RunEventBody[]) => [
    ...stateAfter(events(...bodies)).unregistered.keys(),
  ];
  expect(roles(ready, short)).toEqual(['decode']);
  expect(roles(ready, short, back)).toEqual([]);
  expect(roles(ready, short, degraded('decode-0'))).toEqual([]);
  // In a session.
  expect(roles(ready, short, { kind: 'step-stopped', step: 'decode-0', role: 'decode' })).toEqual([]);
  expect(roles(ready, short, { kind: 'step-stopped', step: 'prefill-0', role: 'prefill' })).toEqual([
    'decode',
  ]);
  expect(roles(ready, short, { kind: 'session-resumed', adopted: [] })).toEqual([]);
});

test('a service stalls until it answers again', () => {
  const stalled = { kind: 'stalled', step: 'etcd', reason: 'z' } as const;
  const again = { kind: 'answers-again', step: 'etcd', seconds: 15 } as const;
  expect(stateAfter(events(ready, stalled)).stalled).toMatchObject(stalled);
  expect(stateAfter(events(ready, stalled, again)).stalled).toBeUndefined();
  const resumed = { kind: 'session-resumed', adopted: [] } as const;
  expect(stateAfter(events(ready, stalled, resumed)).stalled).toBeUndefined();
});
