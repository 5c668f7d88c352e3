import { expect, test } from 'vitest';
import { parseEventLine } from '../../../src/run/events.ts';

const time = '2025-11-24T05:43:00.123Z';

test('a known event is taken as it is, further fields included', () => {
  const event = { time, kind: 'ready', url: 'http://10.0.0.1:8000', model: 'r1', seconds: 9, tokens: 8 };
  expect(parseEventLine(JSON.stringify(event))).toEqual(event);
});

test.each([
  ['a kind of a later release', { time, kind: 'weather', sky: 'gray' }, 'weather'],
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

test('of an optional field only what fits is taken, and of a list what fits in it', () => {
  const verdict = { time, kind: 'verdict', outcome: 'failed', reason: 'r', seconds: 1 };
  expect(
    parseEventLine(JSON.stringify({ ...verdict, step: 'a', role: 5, node: null, rank: 'x', exit: 1 })),
  ).toEqual({
    ...verdict,
    step: 'a',
    exit: 1,
  });
  const nodes = [null, 5, { index: 0, host: 'n0', ip: '127.0.0.2' }, { index: 1e9, host: 'n1', ip: '' }, []];
  expect(parseEventLine(JSON.stringify({ time, kind: 'nodes-bound', nodes }))).toEqual({
    time,
    kind: 'nodes-bound',
    nodes: [nodes[2]],
  });
});

test.each([
  ['a time that is none', { time: '9999-99-99T99:99:99Z', kind: 'waiting', reason: 'r' }, ''],
  ['seconds that no date can hold', { time, kind: 'ready', url: 'u', model: 'm', seconds: 1e308 }, time],
])('%s makes no known event', (_, given, at) => {
  expect(parseEventLine(JSON.stringify(given))).toEqual({
    time: at,
    kind: 'other',
    name: given.kind,
    fields: given,
  });
});

test('what nests so deeply that it could not be written again is unreadable', () => {
  const line = `{"time":"${time}","kind":"new","deep":${'['.repeat(20_000)}${']'.repeat(20_000)}}`;
  expect(parseEventLine(line).kind).toBe('unreadable');
});
