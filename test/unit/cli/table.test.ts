import { expect, test } from 'vitest';
import { table } from '../../../src/cli/views/table.ts';

test('aligns text to the left and numbers to the right', () => {
  const text = table(
    ['node', 'port', 'step'],
    [
      ['0', '2379', 'etcd'],
      ['1-11', '29500-29506', 'prefill-0'],
    ],
  );
  expect(text).toBe(`node         port  step
   0         2379  etcd
1-11  29500-29506  prefill-0
`);
});

test('where a row is too wide, a last column without a name goes below it', () => {
  const rows = [
    ['r1-0a1b2c', 'failed', 'after 3.1 s: decode-0 on node4 was killed by SIGKILL'],
    ['r1-0a1b2d', 'ready', ''],
  ];
  expect(table(['run', 'state', ''], rows, { width: 40 })).toBe(`run        state
r1-0a1b2c  failed
  after 3.1 s: decode-0 on node4 was
  killed by SIGKILL
r1-0a1b2d  ready
`);
  expect(table(['run', 'state', ''], rows, { width: 80 })).toBe(`run        state
r1-0a1b2c  failed  after 3.1 s: decode-0 on node4 was killed by SIGKILL
r1-0a1b2d  ready
`);
});
