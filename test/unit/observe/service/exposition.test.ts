import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseExposition } from '../../../../src/observe/service/exposition.ts';

const recorded = (file: string) =>
  readFileSync(join(import.meta.dirname, '../../../recorded/dynamo-1.6.1', file), 'utf8');

test('reads names, labels and values', () => {
  const text = [
    '# HELP http_requests_total Requests.',
    '# TYPE http_requests_total counter',
    'http_requests_total{method="post",code="200"} 1027 1395066363000',
    'http_requests_total{method="post",code="400",}    3',
    'bare 12.47',
    'sglang:token_usage{model_name="a b"} 0.25',
    'empty{} 1',
    'special +Inf',
    'special{of="b"} -Inf',
    'special{of="c"} NaN',
    'scientific 1.7560473e+07',
    'exemplar_bucket{le="0.1"} 8 # {trace_id="abc"} 0.067',
  ].join('\n');
  expect(parseExposition(text)).toEqual([
    { name: 'http_requests_total', labels: { method: 'post', code: '200' }, value: 1027 },
    { name: 'http_requests_total', labels: { method: 'post', code: '400' }, value: 3 },
    { name: 'bare', labels: {}, value: 12.47 },
    { name: 'sglang:token_usage', labels: { model_name: 'a b' }, value: 0.25 },
    { name: 'empty', labels: {}, value: 1 },
    { name: 'special', labels: {}, value: Number.POSITIVE_INFINITY },
    { name: 'special', labels: { of: 'b' }, value: Number.NEGATIVE_INFINITY },
    { name: 'special', labels: { of: 'c' }, value: Number.NaN },
    { name: 'scientific', labels: {}, value: 17560473 },
    { name: 'exemplar_bucket', labels: { le: '0.1' }, value: 8 },
  ]);
});

test('reads what is escaped in a label, and braces and commas inside of one', () => {
  expect(parseExposition('m{path="C:\\\\DIR\\\\",text="say \\"hi\\"\\n{a,b} = 1"} 2\r\n')).toEqual([
    { name: 'm', labels: { path: 'C:\\DIR\\', text: 'say "hi"\n{a,b} = 1' }, value: 2 },
  ]);
});

test.each([
  '',
  '# EOF',
  '<html>',
  'm',
  'm{a="b" 1',
  'm{a="b} 1',
  'm{a=b} 1',
  'm{a="b"}',
  'm word',
  '5 5',
  '{} 5',
])('passes over %j', (line) => {
  expect(parseExposition(`${line}\nok 1\n`)).toEqual([{ name: 'ok', labels: {}, value: 1 }]);
});

test('leaves out what nobody wants', () => {
  expect(parseExposition('a 1\nb 2\nab 3\n', (name) => name.startsWith('a'))).toEqual([
    { name: 'a', labels: {}, value: 1 },
    { name: 'ab', labels: {}, value: 3 },
  ]);
});

test.each([
  ['load/frontend-0.1.prom', 676],
  ['load/prefill-0.1.prom', 103],
  ['load/decode-0.1.prom', 153],
])('reads every sample of %s', (file, count) => {
  const text = recorded(file);
  expect(text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))).toHaveLength(count);
  expect(parseExposition(text)).toHaveLength(count);
});

test('keeps an id that is too big for a number as it is, in a label', () => {
  const samples = parseExposition(recorded('load/frontend-0.1.prom'));
  expect(
    samples.find(({ name }) => name === 'dynamo_frontend_worker_last_time_to_first_token_seconds')?.labels,
  ).toEqual({ dp_rank: 'none', worker_id: '1682272636686925595', worker_type: 'prefill' });
});
