import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseFrontendHealth, parseReady } from '../../../../src/observe/service/health.ts';

function recorded(name: string) {
  const text = readFileSync(
    join(import.meta.dirname, `../../../recorded/dynamo-1.6.1/${name}.http`),
    'utf8',
  ).replaceAll('\r\n', '\n');
  const [head = ''] = text.split('\n\n', 1);
  return { status: Number(head.split(' ')[1]), text: text.slice(head.length + 2) };
}

test.each([
  ['no-workers.health', { state: 'healthy', instances: 0 }],
  ['prefill-only.health', { state: 'healthy', instances: 1 }],
  ['serving.health', { state: 'healthy', instances: 2 }],
])('reads %s', (name, health) => {
  expect(parseFrontendHealth(recorded(name))).toEqual(health);
});

test('a frontend that says nothing of itself has its status', () => {
  expect(parseFrontendHealth({ status: 502, text: '<html>' })).toEqual({ state: 'HTTP 502', instances: 0 });
  expect(parseFrontendHealth({ status: 503, text: '{"status":"not_ready"}' })).toEqual({
    state: 'not_ready',
    instances: 0,
  });
});

test.each([
  ['serving.ready', { ready: true, workerTypes: { prefill: 1, decode: 1 } }],
  ['serving.unknown-model', {}],
])('reads %s', (name, ready) => {
  expect(parseReady(recorded(name))).toEqual(ready);
});
