import { expect, test } from 'vitest';
import { resolveJob } from '../../../src/config/resolve.ts';
import { parseYaml } from '../../../src/config/yaml/parse.ts';

const BASE = 'name: n\nmodel: {path: /m}\nslurm: {account: a, partition: p, time: 1h}\naggregated: {}\n';

function engineOf(config: string, topology?: string) {
  const file = 'c.yaml';
  const names = topology === undefined ? [] : ['t'];
  const head = topology === undefined ? 'gpu: h100\n' : 'topology: t\n';
  const resolved = resolveJob({
    config: parseYaml(file, `${BASE}${head}${config}`),
    ...(topology !== undefined && {
      topology: {
        file: 't.yaml',
        text: `title: t\ngoal: example\nsource: {repo: r, path: p, commit: c, dynamo: 1.6.1, date: "2026-11", license: MIT}\ngpu: h100\n${topology}`,
      },
    }),
    topologyNames: names,
    cluster: { name: 'default', files: [] },
    clusterNames: [],
  });
  if ('diagnostics' in resolved) throw new Error(JSON.stringify(resolved.diagnostics));
  const said = resolved.diagnose([]).map(({ message, line, column }) => `${line}:${column} ${message}`);
  return { engine: resolved.job?.engine, said };
}

test.each([
  ['', { type: 'sglang' }],
  ['engine: mocker\n', { type: 'mocker' }],
  ['engine: {type: mocker}\n', { type: 'mocker' }],
  ['engine: {version: 0.5.20}\n', { type: 'sglang', version: '0.5.20' }],
])('%j', (config, engine) => {
  expect(engineOf(config)).toEqual({ engine: { rename: true, ...engine }, said: [] });
});

test.each([
  [
    'a release over a name',
    'engine: {version: 0.5.20}\n',
    'engine: sglang\n',
    { type: 'sglang', version: '0.5.20' },
  ],
  [
    'a name over a release of it',
    'engine: sglang\n',
    'engine: {version: 0.5.20}\n',
    { type: 'sglang', version: '0.5.20' },
  ],
  ['another name over a release', 'engine: mocker\n', 'engine: {version: 0.5.20}\n', { type: 'mocker' }],
])('of a topology and a config: %s', (_, config, topology, engine) => {
  expect(engineOf(config, topology).engine).toEqual({ rename: true, ...engine });
});

test('an engine that there is not is named where it stands', () => {
  expect(engineOf('engine: sglangg\n').said).toEqual([expect.stringMatching(/^6:9 .*did you mean "sglang"/)]);
});
