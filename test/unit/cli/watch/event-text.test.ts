import { expect, test } from 'vitest';
import { endText, eventText } from '../../../../src/cli/views/event-text.ts';
import type { ObservedEvent, RunEventBody } from '../../../../src/run/events.ts';

const lost = { step: 'decode-1', role: 'decode', reason: 'decode-1 on node2 was killed by SIGKILL' } as const;

test.each<[RunEventBody, string]>([
  [{ kind: 'preflight', problems: [], warnings: [], seconds: 1 }, 'preflight: all nodes are fit'],
  [
    {
      kind: 'preflight',
      problems: [{ text: 'cannot read the model, /m', nodes: ['node1', 'node2'] }],
      warnings: [{ text: "has a clock that is 3 s behind the head node's", nodes: ['node2'] }],
      seconds: 1,
    },
    "preflight: node1, node2 cannot read the model, /m; warning: node2 has a clock that is 3 s behind the head node's",
  ],
  ...[
    ['has no IPv4 address on an interface', 'have no IPv4 address on an interface'],
    ['shows 7 GPUs, and workers need 8', 'show 7 GPUs, and workers need 8'],
    [
      "misses /m/a.safetensors, which the model's index names",
      "miss /m/a.safetensors, which the model's index names",
    ],
    [
      'may give ports from 1 to 9 to outgoing connections',
      'may give ports from 1 to 9 to outgoing connections',
    ],
  ].map(([text = '', several]): [RunEventBody, string] => [
    { kind: 'preflight', problems: [{ text, nodes: ['node1', 'node2'] }], warnings: [], seconds: 1 },
    `preflight: node1, node2 ${several}`,
  ]),
  [
    { kind: 'worker-restarting', ...lost, restart: 1, of: 3, delay: 5, line: 'its last words' },
    'decode-1 on node2 was killed by SIGKILL: its last words; restart 1 of 3 in 5 s',
  ],
  [
    {
      kind: 'process-ended',
      step: 'install',
      reason: 'Dynamo is not installed: no network',
      line: 'no network',
    },
    'Dynamo is not installed: no network',
  ],
  [
    { kind: 'recovered', step: 'decode-1', role: 'decode', restart: 2, seconds: 9 },
    'decode-1 is back after restart 2',
  ],
  [
    { kind: 'degraded', ...lost, have: 1, want: 2, missing: ['decode-1'] },
    'decode-1 on node2 was killed by SIGKILL; degraded: decode workers 1/2, without decode-1',
  ],
  [
    { kind: 'unregistered', role: 'decode', have: 1, want: 2, missing: [], reason: 'decode-0 is away' },
    'decode-0 is away; decode workers 1/2',
  ],
  [
    { kind: 'registered-again', role: 'decode', have: 2, want: 2, seconds: 61 },
    'decode workers 2/2 again, after 1 min 1 s',
  ],
  [{ kind: 'stalled', step: 'etcd', reason: 'etcd has not answered' }, 'etcd has not answered'],
  [{ kind: 'answers-again', step: 'etcd', seconds: 15 }, 'etcd answers again, after 15 s'],
  [{ kind: 'warning', reason: 'gpu on node1: no nvidia-smi' }, 'warning: gpu on node1: no nvidia-smi'],
  [{ kind: 'requeued', reason: 'preempted', seconds: 61 }, 'back in the queue after 1 min 1 s: preempted'],
])('%j', (event, text) => {
  expect(eventText({ time: '2025-11-24T05:43:00.000Z', ...event })).toBe(text);
});

test.each([
  ['2025-11-24T07:40:00.000Z', '; Slurm expects it to start at 2025-11-24 07:40:00'],
  // An estimate that has passed.
  ['2025-11-24T05:40:00.000Z', ''],
  [undefined, ''],
])('a job that waits is expected to start at %s', (start, said) => {
  process.env.TZ = 'UTC';
  const event = {
    time: '2025-11-24T05:45:00.000Z',
    kind: 'queue',
    job: '7',
    phase: 'pending',
    state: 'PENDING',
    reason: 'Priority',
    explanation: 'other jobs go first',
    nodes: 1,
    ...(start !== undefined && { start }),
  } as const;
  expect(eventText(event as unknown as ObservedEvent)).toBe(
    `job 7 is pending: Priority, other jobs go first${said}`,
  );
});

test.each([
  [{ exit: 1 }, 'exited with code 1'],
  [{ signal: 'KILL', reason: 'decode-0 on n1 was killed by SIGKILL' }, 'was killed by SIGKILL'],
  [
    { signal: 'KILL', reason: 'decode-0 on n1 failed and ended itself, after restart 1' },
    'failed and ended itself',
  ],
  [{}, 'ended'],
])('how a process ended: %j', (end, text) => {
  expect(endText(end)).toBe(text);
});
