import { expect, test } from 'vitest';
import type { ObservedEvent, RunEventBody } from '../../../src/run/events.ts';
import { stateAfter } from '../../../src/run/state.ts';

const at = (index: number) => `2025-11-24T05:43:${String(index).padStart(2, '0')}.000Z`;
type Body = RunEventBody | { readonly kind: 'health'; readonly [field: string]: unknown };

/** Phase of a step after each event, and since which event, from 0 on. */
function phases(name: string, ...bodies: readonly Body[]): readonly string[] {
  const events = bodies.map((body, index) => ({ time: at(index), ...body }) as ObservedEvent);
  return events.map((_, index) => {
    const { phase, since } = stateAfter(events.slice(0, index + 1)).steps.get(name) ?? {};
    return phase === undefined ? 'none' : `${phase} ${events.findIndex(({ time }) => time === since)}`;
  });
}

const start = { kind: 'step-started', step: 'decode-0', nodes: ['n2'], role: 'decode' } as const;
const ready = { kind: 'ready', url: 'http://10.0.0.1:8000', model: 'm', seconds: 9 } as const;
const lost = { step: 'decode-0', role: 'decode', reason: 'decode-0 on n2 exited with code 1' } as const;
const registrations = { role: 'decode', have: 1, want: 2 } as const;
const health = (state: string) =>
  ({ kind: 'health', frontends: [], workers: [{ step: 'decode-0', state }] }) as const;

test('a worker of a job, through restarts, silence and lost registrations', () => {
  expect(
    phases(
      'decode-0',
      start,
      ready,
      health('silent'),
      health('ready'),
      { kind: 'unregistered', ...registrations, missing: ['decode-0', 'decode-1'], reason: 'z' },
      { kind: 'unregistered', ...registrations, missing: ['decode-1'], reason: 'z' },
      { kind: 'worker-restarting', ...lost, restart: 1, of: 3, delay: 1 },
      health('silent'),
      start,
      ready,
      { kind: 'degraded', ...lost, have: 1, want: 2, missing: ['decode-0'] },
      { kind: 'registered-again', ...registrations, seconds: 3 },
      { kind: 'job-started', job: '7', attempt: 1, nodes: 2 },
    ),
  ).toEqual([
    ...['starting 0', 'ready 1', 'silent 2', 'ready 3', 'unregistered 4', 'ready 5', 'lost 6', 'lost 6'],
    ...['restarting 8', 'ready 9', 'lost 10', 'lost 10', 'none'],
  ]);
});

test('in a session a worker is there when it says so itself, for the service may be ready before', () => {
  expect(
    phases(
      'decode-0',
      { kind: 'session-open', seconds: 3 },
      start,
      ready,
      { kind: 'step-serving', step: 'decode-0', role: 'decode', seconds: 4 },
      { kind: 'step-stopped', step: 'decode-0', role: 'decode' },
      { kind: 'session-resumed', adopted: [] },
      start,
      { kind: 'session-resumed', adopted: [] },
    ),
  ).toEqual([
    'none',
    'starting 1',
    'starting 1',
    'ready 3',
    'stopped 4',
    'stopped 4',
    'restarting 6',
    'lost 7',
  ]);
});
