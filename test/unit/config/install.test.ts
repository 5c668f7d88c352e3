import { describe, expect, test } from 'vitest';
import { parseYaml } from '../../../src/config/yaml/parse.ts';
import { planConfig } from '../../../src/plan/plan-config.ts';

const BASE =
  'name: n\nmodel: {path: /m}\ngpu: h100\nslurm: {account: a, partition: p, time: 1h}\naggregated: {}\n';

function planned(dynamo: string, profile = '') {
  const { job, diagnostics } = planConfig({
    config: parseYaml('c.yaml', `${BASE}dynamo: ${dynamo}\n`),
    topologyNames: [],
    cluster: { name: 'site', files: [{ file: 'site.yaml', text: profile }] },
    clusterNames: ['site'],
  });
  return {
    install: job?.dynamo.install,
    said: diagnostics.map(({ line, column, message, hint }) => `${line}:${column} ${message}; ${hint}`),
  };
}

test.each<[string, object | undefined]>([
  ['{install: true}', {}],
  ['{install: false}', undefined],
  ['{install: {}}', {}],
  ['{}', undefined],
  ['{install: {version: 1.6.1}}', { version: '1.6.1' }],
  ['{version: 1.3.0, install: {version: 1.3.0.dev20260718}}', { version: '1.3.0.dev20260718' }],
  ['{version: 1.3.0, install: {wheel: 1.3.0.dev20260718}}', { wheel: '1.3.0.dev20260718' }],
  ['{install: {wheel: /lustre/wheels, deadline: 5m}}', { wheel: '/lustre/wheels', deadline: 300 }],
  [
    '{install: {wheel: /w/ai_dynamo-1.6.1-py3-none-any.whl}}',
    { wheel: '/w/ai_dynamo-1.6.1-py3-none-any.whl' },
  ],
  ['{install: {commit: c88ef73, source: /src/dynamo}}', { commit: 'c88ef73', source: '/src/dynamo' }],
])('dynamo: %s', (dynamo, install) => {
  expect(planned(dynamo)).toEqual({ install, said: [] });
});

describe('what cannot be installed is named where it stands', () => {
  test.each<[string, string]>([
    ['{install: yes please}', '6:19 must be a map'],
    ['{install: {wheel: wheels/x.whl}}', '6:27 write an absolute path of a wheel'],
    ['{install: {commit: main}}', '6:28 write a commit as 7 to 40 hexadecimal digits'],
    ['{install: {version: latest}}', '6:29 write a release of Dynamo'],
    ['{install: {verison: 1.6.1}}', '6:20 unknown key; did you mean "version"?'],
    ['{install: {wheel: /w, commit: c88ef73}}', '6:31 is a second source of Dynamo beside wheel'],
    ['{install: {source: /src}}', '6:20 says where the source of a commit is, but no commit is given'],
    [
      '{install: {version: 1.5.1}}',
      '6:29 installs Dynamo 1.5.1, but its options are written as for dynamo.version, 1.6.1; set dynamo.version: 1.5.1',
    ],
    [
      '{install: {wheel: /w/ai_dynamo_runtime-1.5.1-cp310-abi3-manylinux_2_28_x86_64.whl}}',
      '6:27 installs Dynamo 1.5.1',
    ],
  ])('%s', (dynamo, message) => {
    const { said } = planned(dynamo);
    expect(said).toHaveLength(1);
    expect(said[0]).toContain(message);
  });

  test.each<[string, string]>([
    ['install_cache: {path: cache}', 'write an absolute path'],
    ['install_cache: {group: "a b"}', 'write the name of a group'],
  ])('in a profile: %s', (profile, message) => {
    expect(planned('{install: true}', profile).said.join()).toContain(message);
  });
});
