import { expect, test } from 'vitest';
import { resolve, VALID } from './report.ts';

const plain = resolve(VALID).job;

test.each([
  ['a byte order mark', `\ufeff${VALID}`],
  ['CRLF', VALID.replaceAll('\n', '\r\n')],
  ['no line break at the end', VALID.trimEnd()],
  ['a document start and end', `---\n${VALID}...\n`],
  ['its YAML version', `%YAML 1.2\n---\n${VALID}`],
  ['comments and blank lines', `# a\n\n${VALID}\n# b\n`],
  ['quotes', VALID.replace('r1', '"r1"').replace('h100', "'h100'")],
  [
    'tags that say what a value is',
    VALID.replace('r1', '!!str r1').replace('workers: 4', 'workers: !!int 4'),
  ],
  ['an alias', VALID.replace('workers: 4, nodes: 4', 'workers: &n 4, nodes: *n')],
  [
    'a merge key',
    VALID.replace('aggregated: {', 'aggregated: {<<: &base {workers: 9, nodes: 4}, ').replace(
      ', nodes: 4}\n',
      '}\n',
    ),
  ],
])('%s changes nothing', (_what, text) => {
  const { job, diagnostics } = resolve(text);
  expect(diagnostics).toEqual([]);
  expect(job).toEqual(plain);
});

test('anchors give two roles the same keys', () => {
  const { job, diagnostics } = resolve(`name: r1
gpu: h100
model: {path: /models/r1}
slurm: {account: a, partition: b, time: 4h}
prefill: &worker
  nodes: 2
  args: {page-size: 16, trust-remote-code: true}
decode:
  <<: *worker
  nodes: 4
  workers: 2
`);
  expect(diagnostics).toEqual([]);
  expect(job?.decode).toMatchObject({
    nodes: 4,
    workers: 2,
    args: { 'page-size': 16, 'trust-remote-code': true },
  });
});

test('numbers reach the engine as they are written', () => {
  const { job } = resolve(
    VALID.replace('nodes: 4}', 'nodes: 4, args: {a: 1.10, b: 1e-3, c: 16, d: [0.50, 2], e: {f: 1.0}}}'),
  );
  expect(job?.aggregated?.args).toEqual({ a: '1.10', b: '1e-3', c: 16, d: ['0.50', 2], e: { f: 1 } });
});
