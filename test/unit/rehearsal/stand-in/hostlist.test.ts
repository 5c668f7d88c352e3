import { expect, test } from 'vitest';
import { compressHostlist, expandHostlist } from '../../../../src/rehearsal/slurm/hostlist.ts';

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

test.each([
  [['node0'], 'node0'],
  [['node0', 'node1', 'node2'], 'node[0-2]'],
  [['a1', 'a2', 'a3', 'b07', 'b08'], 'a[1-3],b[07-08]'],
  [['a2', 'a1', 'a1', 'a10', 'a09'], 'a[2,1,1,10,09]'],
  [['n8', 'n9', 'n10', 'n11'], 'n[8-11]'],
  [['n09', 'n10'], 'n[09-10]'],
  [['login', 'node1'], 'login,node1'],
  [[], ''],
])('%j in short', (names, expression) => {
  expect(compressHostlist(names)).toBe(expression);
});

test('a thousand nodes survive both ways', () => {
  const names = Array.from({ length: 1000 }, (_, index) => `node${index}`);
  expect(compressHostlist(names)).toBe('node[0-999]');
  expect(expandHostlist('node[0-999]')).toEqual(names);
});
