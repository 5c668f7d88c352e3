import { expect, test } from 'vitest';
import { report, resolve, VALID } from './report.ts';

const HEADER = `title: Two nodes
precision: FP8
goal: example
source: {repo: org/repo, path: a.sh, commit: abc, dynamo: 0.6.1, date: "2026-11", license: MIT}
notes: [mind the gap]
`;

const TOPOLOGY = `${HEADER}gpu: h100
model: {served_name: org/model}
aggregated:
  workers: 2
  nodes: 2
  args:
    mem-fraction-static: 0.8
    trust-remote-code: true
    cuda-graph-bs: [1, 2, 4]
    json-model-override-args: {rope: {factor: 2}, other: 1}
  env: {A: x, B: y}
`;

const USER = `name: r1
topology: h100-fp8-default
model: {path: /models/r1}
slurm: {account: a, partition: b, time: 4h}
`;

const aggregated = (more: string) =>
  resolve(`${USER}aggregated:\n${more}`, { topology: TOPOLOGY }).job?.aggregated;

test('the config overrides the topology key by key', () => {
  expect(aggregated('  args: {mem-fraction-static: 0.9}\n  env: {B: z, C: 1}\n')).toEqual({
    workers: 2,
    nodes: 2,
    kv_events: false,
    restart: 'never',
    critical: true,
    args: {
      'mem-fraction-static': 0.9,
      'trust-remote-code': true,
      'cuda-graph-bs': [1, 2, 4],
      'json-model-override-args': { rope: { factor: 2 }, other: 1 },
    },
    env: { A: 'x', B: 'z', C: 1 },
    flags: [],
  });
});

test('a list replaces the list below it', () => {
  expect(aggregated('  args: {cuda-graph-bs: [8]}\n')?.args['cuda-graph-bs']).toEqual([8]);
});

test('underscores and dashes spell one argument', () => {
  expect(aggregated('  args: {mem_fraction_static: 0.9}\n')?.args).toMatchObject({
    'mem-fraction-static': 0.9,
  });
  expect(Object.keys(aggregated('  args: {mem_fraction_static: 0.9}\n')?.args ?? {})).toHaveLength(4);
});

test('both spellings in one file are one argument too many', () => {
  expect(report(`${VALID}prefill:\n  args:\n    page_size: 1\n    page-size: 16\n`)).toContain(
    `c.yaml:9:5  prefill.args.page-size: is the same argument as page_size on line 8
  9 |     page-size: 16
    |     ^^^^^^^^^
  hint: keep one of the two`,
  );
});

test.each([
  ['an argument', 'args: {mem-fraction-static: null}', { args: { 'trust-remote-code': true } }],
  ['a variable', 'env: {A: null}', { env: { B: 'y' } }],
  ['a section, back to its default', 'args: null', { args: {} }],
  ['a key, back to its default', 'workers: null', { workers: 1 }],
])('null removes %s', (_what, line, expected) => {
  expect(aggregated(`  ${line}\n`)).toMatchObject(expected);
});

test('null removes a role', () => {
  const { job } = resolve(`${USER}aggregated: null\nprefill: {}\ndecode: {}\n`, { topology: TOPOLOGY });
  expect([job?.aggregated, job?.prefill?.workers, job?.decode?.workers]).toEqual([undefined, 1, 1]);
});

test('inside an argument that becomes JSON, maps merge and null is a value', () => {
  const args = aggregated('  args: {json-model-override-args: {rope: {factor: null, type: yarn}}}\n')?.args;
  expect(args?.['json-model-override-args']).toEqual({ rope: { factor: null, type: 'yarn' }, other: 1 });
});

test('null that removes nothing is doubtful in a map of free keys', () => {
  expect(report(`${VALID}frontend:\n  args: {metrics-prefx: null}\n  port: null\n`)).toBe(
    `c.yaml:7:10  warning: frontend.args.metrics-prefx: null removes a key, but no lower layer sets it
  7 |   args: {metrics-prefx: null}
    |          ^^^^^^^^^^^^^`,
  );
});

test('an emptied key may be misspelt', () => {
  expect(report(`${VALID}contaner:\n`)).toBe(
    `c.yaml:6:1  contaner: unknown key; did you mean "container"?
  6 | contaner:
    | ^^^^^^^^`,
  );
});

test('a topology inline is a layer of its own', () => {
  const text = `${USER.replace('topology: h100-fp8-default', 'topology: {gpu: h100, aggregated: {nodes: 2, workers: 2}}')}aggregated: {workers: 1}\n`;
  const { job, diagnostics } = resolve(text);
  expect(diagnostics).toEqual([]);
  expect([job?.topology, job?.gpu, job?.aggregated?.nodes, job?.aggregated?.workers]).toEqual([
    'inline',
    'h100',
    2,
    1,
  ]);
});

test('a fault in a topology inline keeps its path', () => {
  const text = USER.replace(
    'topology: h100-fp8-default',
    'topology: {gpu: h100, name: x, aggregated: {nodez: 2}}',
  );
  expect(report(text)).toBe(
    `c.yaml:2:23  topology.name: a topology cannot set name
  2 | topology: {gpu: h100, name: x, aggregated: {nodez: 2}}
    |                       ^^^^
  hint: it belongs at the top level of a config
c.yaml:2:45  topology.aggregated.nodez: unknown key; did you mean "nodes"?
  2 | topology: {gpu: h100, name: x, aggregated: {nodez: 2}}
    |                                             ^^^^^`,
  );
});

test('faults in a preset are placed in its file', () => {
  const topology = TOPOLOGY.replace('title: Two nodes\n', '').replace('nodes: 2', 'nodes: two');
  expect(report(USER, { topology })).toBe(
    `t.yaml:1:1  title: is missing
  1 | precision: FP8
    | ^
  hint: Short title of the topology.
t.yaml:9:10  aggregated.nodes: must be a whole number, not "two"
  9 |   nodes: two
    |          ^^^`,
  );
});

test('what a preset that cannot be read would set is not asked of the user', () => {
  expect(report(USER, { topology: 'gpu: [\n' })).toBe(
    `t.yaml:1:6  this bracket is not closed
  1 | gpu: [
    |      ^
  hint: end it with ]`,
  );
});

test.each([
  ['docs-dsr1-wideep-h10', '; did you mean "docs-dsr1-wideep-h100"?'],
  ['h100-fp8', '; did you mean "h100-fp8-default"?'],
  ['./topo.yaml', ''],
])('the unknown topology %s', (name, suggestion) => {
  expect(report(USER.replace('h100-fp8-default', name))).toBe(
    `c.yaml:2:11  topology: there is no topology "${name}"${suggestion}
  2 | topology: ${name}
    |           ${'^'.repeat(name.length)}
  hint: \`dyn-slurm topologies\` lists them; or write a map with the keys of one here`,
  );
});
