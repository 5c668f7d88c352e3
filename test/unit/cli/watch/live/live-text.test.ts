import { describe, expect, test } from 'vitest';
import type { LiveState } from '../../../../../src/cli/views/live/live-state.ts';
import { type Frame, liveText } from '../../../../../src/cli/views/live/live-text.ts';
import { after, at, busy, decoding, instances, load, START, service, workers } from './serving.ts';

const shown = (state: LiveState, seconds: number, frame: Partial<Frame> = {}): string => {
  const lines = liveText('dsr1-3fa29c', state, START + seconds * 1000, {
    columns: 80,
    rows: 24,
    color: false,
    ...frame,
  });
  const { columns = 80, rows = 24 } = frame;
  expect(lines.length).toBeLessThan(rows);
  for (const line of lines) expect([...line].length).toBeLessThanOrEqual(columns);
  return `\n${lines.join('\n')}\n`;
};

describe('a service under load', () => {
  test('at 80 columns', () => {
    expect(shown(busy(service(1, 2)), 181)).toMatchInlineSnapshot(`
      "
      dsr1-3fa29c  ready  up 2 min 1 s
      deepseek-ai/DeepSeek-R1 at http://10.0.0.1:8000
      11,600 tok/s out  46,400 in  4.4 req/s  132 under way, 12 before 1st token
               ▁▁▂▂▂▂▃▃▃▄▄▄▄▅▅▅▆▆▆▇▇▇▇██  2 min 50 s, at most 11,850, 1 min 9,100
      TTFT 120 ms  p90 210 ms  p99 1.5 s  ITL 12 ms  p90 15 ms  p99 31 ms
      worker    node     state   for   run queue    KV  in/s out/s
      prefill-0 node0 +1 ready 2m01s     3     8    3%   49k     -
      decode-0  node1    ready 2m01s    64     2   42%     -  6120
      decode-1  node2    ready 2m01s    64     2   97%     -  6120
      etcd prefill 1/1, decode 2/2  NATS <1 ms, 2 streams  frontend-0 healthy, sees 3
      12,345 requests, 12M tok out since start
      "
    `);
  });

  test('on a wide and tall terminal', () => {
    expect(shown(busy(service(1, 2)), 181, { columns: 200, rows: 50 })).toMatchInlineSnapshot(`
      "
      dsr1-3fa29c  ready  up 2 min 1 s  deepseek-ai/DeepSeek-R1 at http://10.0.0.1:8000
      11,600 tok/s out  46,400 in  4.4 req/s  132 under way, 12 before 1st token
                                                                                                     ▁▁▂▂▂▂▃▃▃▄▄▄▄▅▅▅▆▆▆▇▇▇▇██  10 min, at most 11,850, 1 min 9,100
      TTFT 120 ms  p90 210 ms  p99 1.5 s  ITL 12 ms  p90 15 ms  p99 31 ms

      worker     node      state    for    run  queue     KV   in/s  out/s
      prefill-0  node0 +1  ready  2m01s      3      8     3%    49k      -
      decode-0   node1     ready  2m01s     64      2    42%      -   6120
      decode-1   node2     ready  2m01s     64      2    97%      -   6120

      etcd prefill 1/1, decode 2/2  NATS <1 ms, 2 streams  frontend-0 healthy, sees 3  12,345 requests, 12M tok out since start
      "
    `);
  });

  test('on one that is narrow and short', () => {
    expect(shown(busy(service(1, 2)), 181, { columns: 48, rows: 9 })).toMatchInlineSnapshot(`
      "
      dsr1-3fa29c  ready  up 2 min 1 s
      deepseek-ai/DeepSeek-R1 at http://10.0.0.1:8000
      11,600 tok/s out  46,400 in  4.4 req/s
      132 under way, 12 before 1st token
      ▅▆▆▆▇▇▇▇██  50 s, at most 11,850, 1 min 9,100
      TTFT 120 ms  p90 210 ms  p99 1.5 s
      ITL 12 ms  p90 15 ms  p99 31 ms
      etcd prefill 1/1, decode 2/2
      "
    `);
  });

  test('in colors, which take no room', () => {
    const [title = '', address = '', ...others] = liveText(
      'dsr1-3fa29c',
      busy(service(1, 2)),
      START + 181_000,
      {
        columns: 48,
        rows: 24,
        color: true,
      },
    );
    expect(title).toBe('\u001b[1mdsr1-3fa29c\u001b[22m  \u001b[32mready\u001b[39m  up 2 min 1 s');
    expect(address).toBe('\u001b[2mdeepseek-ai/DeepSeek-R1 at http://10.0.0.1:8000\u001b[22m');
    expect(others.join('\n')).toContain('\u001b[1m11,600\u001b[22m');
  });
});

test('a worker that was killed is lost, whatever etcd says, and comes back', () => {
  const lost = after(busy(service(1, 2)), [
    {
      time: at(181),
      kind: 'worker-restarting',
      reason: 'decode-1 on node2 was killed by SIGKILL',
      step: 'decode-1',
      role: 'decode',
      restart: 1,
      of: 3,
      delay: 10,
    },
  ]);
  expect(shown(lost, 183)).toMatchInlineSnapshot(`
    "
    dsr1-3fa29c  degraded, 2 of 3 workers ready  up 2 min 3 s
    deepseek-ai/DeepSeek-R1 at http://10.0.0.1:8000
    11,700 tok/s out  46,800 in  4.4 req/s  132 under way, 12 before 1st token
             ▁▁▂▂▂▃▃▃▃▄▄▄▅▅▅▅▆▆▆▇▇▇███  2 min 50 s, at most 11,950, 1 min 9,200
    TTFT 120 ms  p90 210 ms  p99 1.5 s  ITL 12 ms  p90 15 ms  p99 31 ms
    worker    node     state   for   run queue    KV  in/s out/s
    prefill-0 node0 +1 ready 2m03s     3     8    3%   49k     -
    decode-0  node1    ready 2m03s    64     2   42%     -  6120
    decode-1  node2    lost     2s was killed by SIGKILL; etcd still lists it …
    etcd prefill 1/1, decode 2/2  NATS <1 ms, 2 streams  frontend-0 healthy, sees 3
    12,345 requests, 12M tok out since start
    "
  `);
  const gone = after(lost, [instances(190, ['prefill-0', 'decode-0'])]);
  expect(shown(gone, 190).split('\n').slice(6, 10)).toMatchInlineSnapshot(`
    [
      "worker    node     state   for   run queue    KV  in/s out/s",
      "prefill-0 node0 +1 ready 2m10s     3     8    3%   49k     -",
      "decode-0  node1    ready 2m10s    64     2   42%     -  6120",
      "decode-1  node2    lost     9s was killed by SIGKILL; restart 1 of 3 in 10 s",
    ]
  `);
  const starting = after(gone, [
    { time: at(191), kind: 'step-started', step: 'decode-1', role: 'decode', nodes: ['node2'] },
    {
      time: at(200),
      kind: 'stage',
      step: 'decode-1',
      role: 'decode',
      node: 'node2',
      stage: 'weights',
      state: 'going',
      done: 12,
      total: 64,
      seconds: 5,
    },
  ]);
  expect(shown(starting, 201).split('\n')[8]).toMatchInlineSnapshot(
    `"decode-0  node1    ready      2m21s    64     2   42%     -  6120"`,
  );
  const back = after(starting, [
    { time: at(260), kind: 'recovered', step: 'decode-1', role: 'decode', restart: 1, seconds: 260 },
    instances(260, ['prefill-0', 'decode-0', 'decode-1']),
  ]);
  expect(shown(back, 261).split('\n').slice(1, 2)).toMatchInlineSnapshot(`
    [
      "dsr1-3fa29c  ready  up 3 min 21 s",
    ]
  `);
  expect(shown(back, 261).split('\n')[8]).toMatchInlineSnapshot(
    `"decode-0  node1    ready    3m21s    64     2   42%     -  6120"`,
  );
});

test('more workers than fit: a line a role, those in trouble, and as many as there is room for', () => {
  const state = after(service(4, 120), [
    load(61, 90_000, Object.fromEntries(workers('decode', 120).map((step) => [step, decoding]))),
    {
      time: at(62),
      kind: 'degraded',
      reason: 'decode-77 on node81 exited with code 1',
      step: 'decode-77',
      role: 'decode',
      have: 119,
      want: 120,
      missing: ['decode-77'],
    },
  ]);
  expect(shown(state, 64)).toMatchInlineSnapshot(`
    "
    dsr1-3fa29c  degraded, 123 of 124 workers ready  up 4.0 s
    deepseek-ai/DeepSeek-R1 at http://10.0.0.1:8000
    90,000 tok/s out  360,000 in  4.4 req/s  132 under way, 12 before 1st token
                                     █  2 min 50 s, at most 90,000, 1 min 90,000
    TTFT 120 ms  p90 210 ms  p99 1.5 s  ITL 12 ms  p90 15 ms  p99 31 ms
    worker    node     state     for   run queue    KV  in/s out/s
    prefill   ×4       4 ready           -     -     -     -     -
    decode    ×120     119 ready      7680   240   42%     -  734k
    prefill-0 node0 +1 ready      4s     -     -     -     -     -
    prefill-1 node1 +1 ready      4s     -     -     -     -     -
    prefill-2 node2 +1 ready      4s     -     -     -     -     -
    prefill-3 node3 +1 ready      4s     -     -     -     -     -
    decode-0  node4    ready      4s    64     2   42%     -  6120
    decode-1  node5    ready      4s    64     2   42%     -  6120
    decode-2  node6    ready      4s    64     2   42%     -  6120
    decode-3  node7    ready      4s    64     2   42%     -  6120
    decode-4  node8    ready      4s    64     2   42%     -  6120
    decode-5  node9    ready      4s    64     2   42%     -  6120
    decode-6  node10   ready      4s    64     2   42%     -  6120
    decode-7  node11   ready      4s    64     2   42%     -  6120
    decode-77 node81   lost       2s exited with code 1
    and 111 more
    12,345 requests, 12M tok out since start
    "
  `);
});

test('what cannot be reached is said, and the rest goes on', () => {
  const state = after(service(1, 1), [
    {
      time: at(61),
      kind: 'source',
      source: 'etcd',
      state: 'missing',
      via: 'direct',
      reason: 'connect ECONNREFUSED 10.0.0.1:2379',
    },
    {
      time: at(61),
      kind: 'source',
      source: 'frontends',
      state: 'up',
      via: 'recorded',
      reason: 'the load is what the job records of it',
    },
  ]);
  expect(shown(state, 62)).toMatchInlineSnapshot(`
    "
    dsr1-3fa29c  ready  up 2.0 s  deepseek-ai/DeepSeek-R1 at http://10.0.0.1:8000
    no measurements yet
                                        2 min 50 s, at most 0
    no tokens lately
    worker    node     state for   run queue    KV  in/s out/s
    prefill-0 node0 +1 ready  2s     -     -     -     -     -
    decode-0  node1    ready  2s     -     -     -     -     -
    etcd: connect ECONNREFUSED 10.0.0.1:2379
    frontends: the load is what the job records of it
    "
  `);
});

test('a worker that has fallen silent, of which the job knows nothing yet', () => {
  const state = after(busy(service(1, 2)), [
    {
      time: at(181),
      kind: 'health',
      frontends: [{ step: 'frontend-0', state: 'silent', instances: 0 }],
      workers: [{ step: 'decode-0', state: 'silent' }],
    },
  ]);
  expect(shown(state, 185).split('\n').slice(1, 12)).toMatchInlineSnapshot(`
    [
      "dsr1-3fa29c  degraded, 2 of 3 workers ready  up 2 min 5 s",
      "deepseek-ai/DeepSeek-R1 at http://10.0.0.1:8000",
      "11,800 tok/s out  47,200 in  4.4 req/s  132 under way, 12 before 1st token",
      "         ▁▁▂▂▂▃▃▃▄▄▄▄▅▅▅▆▆▆▇▇▇▇██   2 min 50 s, at most 11,800, 1 min 9,300",
      "TTFT 120 ms  p90 210 ms  p99 1.5 s  ITL 12 ms  p90 15 ms  p99 31 ms",
      "worker    node     state    for   run queue    KV  in/s out/s",
      "prefill-0 node0 +1 ready  2m05s     3     8    3%   49k     -",
      "decode-0  node1    silent    4s",
      "decode-1  node2    ready  2m05s    64     2   97%     -  6120",
      "etcd prefill 1/1, decode 2/2  NATS <1 ms, 2 streams  frontend-0 silent",
      "12,345 requests, 12M tok out since start",
    ]
  `);
});
