import { expect, test } from 'vitest';
import { parseEventLine } from '../../../src/observe/event-line.ts';

const time = '2025-11-24T05:43:00.123Z';

test('a known event is taken as it is, further fields included', () => {
  const event = { time, kind: 'ready', url: 'http://10.0.0.1:8000', model: 'r1', seconds: 9, tokens: 8 };
  expect(parseEventLine(JSON.stringify(event))).toEqual(event);
});

test.each([
  ['a kind of a later release', { time, kind: 'weather', sky: 'grey' }, 'weather'],
  ['a known kind without its fields', { time, kind: 'ready', url: 'http://10.0.0.1:8000' }, 'ready'],
  ['a field of another type', { time, kind: 'waiting', reason: 7 }, 'waiting'],
  [
    'an outcome of a later release',
    { time, kind: 'verdict', outcome: 'paused', reason: 'r', seconds: 1 },
    'verdict',
  ],
  ['a name of Object.prototype', { time, kind: 'constructor' }, 'constructor'],
  ['no kind', { time }, ''],
])('%s is kept as other', (_, fields, name) => {
  expect(parseEventLine(JSON.stringify(fields))).toEqual({ time, kind: 'other', name, fields });
});

test.each([
  ['half a line', '{"time":"2025-11-24T05:43:00.123Z","kind":"rea'],
  ['a list', '[1]'],
  ['text', 'slurmstepd: error: job 7 on node1 CANCELLED'],
])('%s is unreadable', (_, line) => {
  expect(parseEventLine(line)).toEqual({ time: '', kind: 'unreadable', line });
});

test('what is unreadable is made fit for a terminal', () => {
  expect(parseEventLine('\u001b]52;c;eA==\u0007\u0000x')).toEqual({
    time: '',
    kind: 'unreadable',
    line: '·x',
  });
});
