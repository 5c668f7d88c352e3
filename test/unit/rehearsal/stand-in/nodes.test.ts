import { expect, test } from 'vitest';
import { nodeAddress, nodeList, nodeName, nodeNames } from '../../../../src/rehearsal/slurm/job-record.ts';

test('250 nodes of 200 consecutive jobs share no address', () => {
  const addresses = Array.from({ length: 200 }, (_, job) =>
    Array.from({ length: 250 }, (__, index) => nodeAddress(job + 1, index)),
  ).flat();
  expect(new Set(addresses).size).toBe(50_000);
  expect(addresses.every((address) => /^127(\.(\d|\d\d|1\d\d|2[0-4]\d|25[0-4])){3}$/.test(address))).toBe(
    true,
  );
});

test('the first node of the first job', () => {
  expect([nodeName(0), nodeAddress(1, 0)]).toEqual(['node0', '127.21.0.10']);
});

test.each([
  [1, 'node0', ['node0']],
  [3, 'node[0-2]', ['node0', 'node1', 'node2']],
])('%s nodes are %s', (count, list, names) => {
  expect(nodeList(count)).toBe(list);
  expect(nodeNames(list)).toEqual(names);
});

test('a list with commas is taken apart', () => {
  expect(nodeNames('node2,node0')).toEqual(['node2', 'node0']);
});
