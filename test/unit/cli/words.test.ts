import { expect, test } from 'vitest';
import { filled } from '../../../src/cli/wrap.ts';
import { count } from '../../../src/config/text/plural.ts';
import { ranges } from '../../../src/format.ts';

test.each([
  [[], ''],
  [[3], '3'],
  [[0, 1, 2, 3, 7, 9, 10], '0-3, 7, 9-10'],
])('shortens %j', (numbers, text) => {
  expect(ranges(numbers)).toBe(text);
});

test('fills lines with words', () => {
  expect(filled(['a', 'bb', 'ccc', 'a-long-word', 'd'], 8)).toEqual(['a bb ccc', 'a-long-word', 'd']);
});

test('counts', () => {
  expect([count(0, 'node'), count(1, 'node'), count(2, 'node')]).toEqual(['0 nodes', '1 node', '2 nodes']);
});

test('plurals', () => {
  expect(['run', 'concurrency', 'day', 'GPU'].map((noun) => [count(1, noun), count(2, noun)])).toEqual([
    ['1 run', '2 runs'],
    ['1 concurrency', '2 concurrencies'],
    ['1 day', '2 days'],
    ['1 GPU', '2 GPUs'],
  ]);
});
