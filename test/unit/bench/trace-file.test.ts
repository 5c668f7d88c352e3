import { expect, test } from 'vitest';
import { TraceReader } from '../../../src/bench/trace-file.ts';

function faults(lines: readonly (object | string)[], timed = false): readonly string[] {
  const reader = new TraceReader({ timed });
  for (const line of lines) reader.push(typeof line === 'string' ? line : JSON.stringify(line));
  return reader.end().map(({ line, reason }) => `${line}: ${reason}`);
}

test('what aiperf reads is a trace', () => {
  const lines = [
    {
      timestamp: 0,
      input_length: 6955,
      output_length: 52,
      hash_ids: [46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 2353, 2354],
    },
    '',
    { input_length: 512, hash_ids: [1] },
    { input_length: 513, hash_ids: [1, 2], output_length: null },
    { session_id: 'a', text_input: 'Hello', timestamp: 1.5 },
    { session_id: 'a', delay: 200, messages: [{ role: 'user', content: 'Hello' }], output_length: 4 },
    { payload: { prompt: 'Hello' }, hash_ids: null },
  ];
  expect(faults(lines)).toEqual([]);
});

test('what it does not read is named by its line', () => {
  const lines = [
    { timestamp: 0, input_length: 10 },
    '{"timestamp": 0, "input_length": 10',
    '[1]',
    { timestamp: 0 },
    { input_length: 10, text_input: 'a' },
    { input_length: 0 },
    { input_length: '10' },
    { input_length: 10, output_length: 2.5 },
    { input_length: 10, timestamp: '0' },
    { input_length: 10, delay: -1 },
    { input_length: 512, hash_ids: [1, 2] },
    { input_length: 1025, hash_ids: [1, 2] },
    { input_length: 512, hash_ids: ['1'] },
    { text_input: 'a', hash_ids: [1] },
    { messages: [] },
    { messages: [{ content: 'a' }] },
  ];
  expect(faults(lines)).toEqual([
    '2: is not a JSON object',
    '3: is not a JSON object',
    '4: has none of input_length, text_input, messages, payload',
    '5: has input_length and text_input, of which only one may be given',
    '6: has the input_length 0, which is not a number of tokens above 0',
    '7: has the input_length "10", which is not a number of tokens above 0',
    '8: has the output_length 2.5, which is not a number of tokens above 0',
    '9: has the timestamp "0", which is not a number of milliseconds',
    '10: has the delay -1, which is not a number of milliseconds',
    '11: has 2 hash_ids, which stand for 513 to 1024 tokens (512 each), but the input_length 512',
    '12: has 2 hash_ids, which stand for 513 to 1024 tokens (512 each), but the input_length 1025',
    '13: has hash_ids that are not a list of whole numbers',
    '14: has hash_ids without an input_length',
    '15: has messages that are not a list of objects with a role',
    '16: has messages that are not a list of objects with a role',
  ]);
});

test('a schedule needs times', () => {
  const lines = [{ timestamp: 0, input_length: 10 }, { delay: 5, input_length: 10 }, { input_length: 10 }];
  expect(faults(lines)).toEqual([]);
  expect(faults(lines, true)).toEqual(['3: has no timestamp, and no delay after the turn before it']);
});

test('an empty file is no trace', () => {
  expect(faults(['', ''])).toEqual(['1: has no request']);
});
