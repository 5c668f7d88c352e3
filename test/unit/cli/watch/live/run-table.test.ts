import { expect, test } from 'vitest';
import { newLiveState } from '../../../../../src/cli/views/live/live-state.ts';
import { type Frame, liveText } from '../../../../../src/cli/views/live/live-text.ts';
import { type RunRow, runTable } from '../../../../../src/cli/views/live/run-table.ts';
import { after, at, busy, START, service } from './serving.ts';

const queued = after(newLiveState({ steps: [{ name: 'decode-0', kind: 'worker', role: 'decode' }] }), [
  {
    time: at(0),
    kind: 'queue',
    job: '8',
    phase: 'pending',
    state: 'PENDING',
    reason: 'Priority',
    nodes: 2,
    nodeList: '',
  },
]);
const ended = after(service(1, 1), [
  {
    time: at(170),
    kind: 'verdict',
    outcome: 'failed',
    exit: 9,
    reason: 'decode-0 on node0 exited with code 1',
    seconds: 170,
  },
]);

const rows: readonly RunRow[] = [
  { id: 'dsr1-3fa29c', live: busy(service(1, 2)), submitted: at(-30) },
  { id: 'dsr1-low-latency-77e1d0', live: queued, submitted: at(-30) },
  { id: 'old-000000', live: ended, submitted: at(-30) },
];

const shown = (frame: Partial<Frame> = {}) =>
  `${runTable(rows, START + 181_000, { columns: 120, rows: 24, color: false, ...frame }).join('\n')}\n`;

test('a line a run, and what they do together', () => {
  expect(shown()).toMatchInlineSnapshot(`
    "run                      state               for  workers  running  out/s  TTFT p50  ITL p50
    dsr1-3fa29c              ready             2m01s      3/3      132    12k    120 ms    12 ms   ▁▁▂▂▂▂▃▃▃▄▄▄▄▅▅▅▆▆▆▇▇▇▇██
    dsr1-low-latency-77e1d0  queued: Priority  3m31s      0/1
    old-000000               failed
    1 of 3 serving, 12k tok/s out together
    "
  `);
});

test('a narrow terminal: the columns that fit', () => {
  expect(shown({ columns: 80 })).toMatchInlineSnapshot(`
    "run                      state               for  workers  running  out/s
    dsr1-3fa29c              ready             2m01s      3/3      132    12k
    dsr1-low-latency-77e1d0  queued: Priority  3m31s      0/1
    old-000000               failed
    1 of 3 serving, 12k tok/s out together
    "
  `);
});

test('a short terminal: what goes on comes first', () => {
  expect(shown({ rows: 5 })).toMatchInlineSnapshot(`
    "run          state    for  workers  running  out/s  TTFT p50  ITL p50
    dsr1-3fa29c  ready  2m01s      3/3      132    12k    120 ms    12 ms                          ▁▁▂▂▂▂▃▃▃▄▄▄▄▅▅▅▆▆▆▇▇▇▇██
    and 2 more
    1 of 3 serving, 12k tok/s out together
    "
  `);
});

test('the time that is left until the time limit, where there is room', () => {
  const limited = after(busy(service(1, 2)), [
    {
      time: at(1),
      kind: 'queue',
      job: '8',
      phase: 'running',
      state: 'RUNNING',
      reason: '',
      nodes: 3,
      nodeList: 'node[0-2]',
      end: at(181 + 4 * 3600 + 60),
    },
  ]);
  const row = { id: 'dsr1-3fa29c', live: limited, submitted: at(-30) };
  expect(`${runTable([row], START + 181_000, { columns: 90, rows: 24, color: false }).join('\n')}\n`).toBe(
    `\
run          state    for  workers  running  out/s  TTFT p50  ITL p50           limit
dsr1-3fa29c  ready  2m01s      3/3      132    12k    120 ms    12 ms  4 h 1 min left
1 of 1 serving, 12k tok/s out together
`,
  );
  expect(liveText('dsr1-3fa29c', limited, START + 181_000, { columns: 80, rows: 24, color: false })[0]).toBe(
    'dsr1-3fa29c  ready  up 2 min 1 s  4 h 1 min left',
  );
});
