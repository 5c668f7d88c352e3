import { expect, test } from 'vitest';
import { expandHostlist } from '../../../src/scheduler/hostlist.ts';

test.each([
  ['node0', ['node0']],
  ['node[0-2]', ['node0', 'node1', 'node2']],
  ['a[1-3,07-09],b', ['a1', 'a2', 'a3', 'a07', 'a08', 'a09', 'b']],
  ['gpu[08-11]', ['gpu08', 'gpu09', 'gpu10', 'gpu11']],
  ['r[1-2]n[0-1]', ['r1n0', 'r1n1', 'r2n0', 'r2n1']],
  ['n[1,3]-ib', ['n1-ib', 'n3-ib']],
  ['a,,b,', ['a', 'b']],
  ['', []],
  ['a[1', ['a[1']],
])('%j names its hosts', (expression, names) => {
  expect(expandHostlist(expression)).toEqual(names);
});
