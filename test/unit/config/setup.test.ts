import { Buffer } from 'node:buffer';
import { expect, test } from 'vitest';
import { bundleOf } from '../../../src/cli/runs/submit/bundle.ts';
import { readScript } from '../../../src/config/setup.ts';
import { formatDiagnostic } from '../../../src/config/yaml/diagnostic.ts';
import { parseYaml } from '../../../src/config/yaml/parse.ts';
import { planConfig } from '../../../src/plan/plan-config.ts';
import { testWorld } from '../../world.ts';
import { VALID } from './report.ts';

const SCRIPTS = new Map([
  ['good.sh', readScript(Buffer.from('#!/bin/sh\necho hi\n'))],
  ['crlf.sh', readScript(Buffer.from('echo hi\necho ho\r\n'))],
  ['latin.sh', readScript(Buffer.from([0x65, 0xe9, 0x0a]))],
  ['nul.sh', readScript(Buffer.from('a\u0000b'))],
  ['bom.sh', readScript(Buffer.from('\ufeffecho'))],
  ['empty.sh', readScript(Buffer.from(' \n'))],
  ['token.sh', readScript(Buffer.from(`true\nexport HF_TOKEN=hf_${'a'.repeat(30)}\n`))],
  ['named.sh', readScript(Buffer.from('# PASSWORD=x\nPASSWORD=hunter2 pip install x\n'))],
  ['gone.sh', { fault: 'does not exist: there is no file /home/gone.sh' }],
]);

function planned(text: string, cluster: readonly string[] = [], topology?: string) {
  return planConfig({
    config: parseYaml('c.yaml', text),
    ...(topology !== undefined && { topology: { file: 't.yaml', text: topology } }),
    topologyNames: ['t'],
    cluster: {
      name: 'default',
      files: cluster.map((source, index) => ({ file: `p${index}.yaml`, text: source })),
    },
    clusterNames: [],
    scripts: SCRIPTS,
  });
}

const said = (text: string, cluster?: readonly string[]) =>
  planned(text, cluster).diagnostics.map((one) => formatDiagnostic(one, text));

/** The setups of each step that has any. */
const setups = (text: string, cluster?: readonly string[], topology?: string) =>
  Object.fromEntries(
    (planned(text, cluster, topology).plan?.steps ?? []).flatMap(({ name, setups: own }) =>
      own ? [[name, own]] : [],
    ),
  );

test('a list of commands is run before workers and frontends', () => {
  const all = { name: 'setup', mode: 'shared', deadline: 600, commands: ['a', 'b'] };
  expect(setups(`${VALID.replace('workers: 4, nodes: 4', 'nodes: 1')}setup: [a, b]\n`)).toEqual({
    'frontend-0': [all],
    'aggregated-0': [all],
  });
});

test('that of a role or of the frontends comes after that of the job', () => {
  const text = VALID.replace(
    'aggregated: {workers: 4, nodes: 4}',
    `aggregated: {nodes: 1, setup: {script: good.sh, deadline: 90s}}
frontend: {setup: {commands: [f], once: node}}
setup: {commands: [all], deadline: 1m}`,
  );
  const all = { name: 'setup', mode: 'shared', deadline: 60, commands: ['all'] };
  expect(setups(text)).toEqual({
    'frontend-0': [all, { name: 'frontend.setup', mode: 'node', deadline: 600, commands: ['f'] }],
    'aggregated-0': [
      all,
      { name: 'aggregated.setup', mode: 'shared', deadline: 90, script: '#!/bin/sh\necho hi\n' },
    ],
  });
});

test('steps with a container each run it side by side', () => {
  const text = `${VALID.replace('workers: 4, nodes: 4', 'nodes: 1')}container: {image: /i.sqsh}\nsetup: [a]\n`;
  const modes = (profile: string) => setups(text, [profile])['aggregated-0']?.map(({ mode }) => mode);
  expect([modes(''), modes('shared_container: false\n'), modes('container_runtime: none\n')]).toEqual([
    ['shared'],
    ['apart'],
    ['shared'],
  ]);
});

test("a config's script takes the place of its topology's commands", () => {
  const topology =
    'title: t\nprecision: FP8\ngoal: throughput\nsource: {repo: r, path: p, commit: c, dynamo: 1.6.1, date: 2026-05, license: MIT}\ngpu: h100\nsetup: [theirs]\naggregated: {nodes: 1}\n';
  const text = 'name: r1\ntopology: t\nmodel: {path: /m}\nslurm: {account: a, partition: b, time: 4h}\n';
  const of = (more: string) => setups(`${text}${more}`, [], topology)['aggregated-0'];
  expect([of(''), of('setup: {script: good.sh}\n'), of('setup: [mine]\n'), of('setup: null\n')]).toEqual([
    [{ name: 'setup', mode: 'shared', deadline: 600, commands: ['theirs'] }],
    [{ name: 'setup', mode: 'shared', deadline: 600, script: '#!/bin/sh\necho hi\n' }],
    [{ name: 'setup', mode: 'shared', deadline: 600, commands: ['mine'] }],
    undefined,
  ]);
});

test.each([
  ['setup: {}', 'c.yaml:6:1  setup: says nothing to run'],
  ['setup: []', 'c.yaml:6:1  setup: says nothing to run'],
  ['setup: pip install x', 'c.yaml:6:8  setup: must be a map of keys, not text'],
  ['setup: {comands: [a]}', 'c.yaml:6:9  setup.comands: unknown key; did you mean "commands"?'],
  [
    'setup: {commands: [a], script: good.sh}',
    'c.yaml:6:24  setup.script: cannot be combined with `commands`',
  ],
  ['setup: {commands: [a], once: job}', 'c.yaml:6:30  setup.once: must be one of node, not "job"'],
  [
    'setup: {commands: [a], deadline: 2h}',
    'c.yaml:6:34  setup.deadline: must be shorter than health.deadline, 7200 s, within which the service must be ready',
  ],
  [
    'setup: {commands: [a], deadline: 1h}',
    'c.yaml:6:34  warning: setup.deadline: has no effect after 1200 s without output, when health.stall ends the job',
  ],
  [
    'setup: ["HF_TOKEN=abc pip install x"]',
    'c.yaml:6:9  setup[0]: looks like a secret; every user of a node can read the words of its commands',
  ],
  [
    'frontend: {setup: ["login --password hunter2"]}',
    'c.yaml:6:20  frontend.setup[0]: looks like a secret; every user of a node can read the words of its commands',
  ],
  [
    'setup: {script: gone.sh}',
    'c.yaml:6:17  setup.script: "gone.sh" does not exist: there is no file /home/gone.sh',
  ],
  [
    'setup: {script: crlf.sh}',
    'c.yaml:6:17  setup.script: "crlf.sh" ends line 2 with CRLF, whose CR bash takes for a part of the command',
  ],
  ['setup: {script: latin.sh}', 'c.yaml:6:17  setup.script: "latin.sh" is not text in UTF-8'],
  ['setup: {script: nul.sh}', 'c.yaml:6:17  setup.script: "nul.sh" is not text: it has NUL bytes'],
  [
    'setup: {script: bom.sh}',
    'c.yaml:6:17  setup.script: "bom.sh" begins with a byte order mark, which bash takes for a command',
  ],
  ['setup: {script: empty.sh}', 'c.yaml:6:17  setup.script: "empty.sh" is empty'],
  [
    'setup: {script: token.sh}',
    'c.yaml:6:17  setup.script: line 2 of "token.sh" looks like a secret, which files of the job must not contain',
  ],
  [
    'setup: {script: named.sh}',
    'c.yaml:6:17  setup.script: line 2 of "named.sh" looks like a secret, which files of the job must not contain',
  ],
])('%s', (line, first) => {
  expect(said(`${VALID}${line}\n`).map((text) => text.split('\n')[0])).toEqual([first]);
});

test('once a node needs one container for its steps', () => {
  const text = `${VALID}container: {image: /i.sqsh}\nsetup: {commands: [a], once: node}\n`;
  expect(said(text, ['shared_container: false\n']).map((one) => one.split('\n')[0])).toEqual([
    'c.yaml:7:30  setup.once: needs one container for all steps of a node, and the cluster profile has shared_container: false',
  ]);
});

test('the bundle has it in files that nobody else can read, and the steps run it', async () => {
  const text = VALID.replace(
    'aggregated: {workers: 4, nodes: 4}',
    `aggregated: {nodes: 1, setup: {script: good.sh}}\nsetup: ["echo 'it''s'", "a\\nb"]`,
  );
  const { plan } = planned(text);
  if (plan === undefined) throw new Error('no plan');
  const { files } = await bundleOf({ text }, plan, testWorld());
  expect(files.get('steps/setup')).toEqual({
    mode: 0o600,
    text: `#!/usr/bin/env bash
set -eo pipefail
printf '%s\\n' 'dyn-slurm: 1 of 2: echo '\\''it'\\'''\\''s'\\'''
echo 'it''s'
printf '%s\\n' 'dyn-slurm: 2 of 2: a …'
a
b
`,
  });
  expect(files.get('steps/aggregated.setup')).toEqual({ mode: 0o600, text: '#!/bin/sh\necho hi\n' });
  expect(files.has('runtime/setup.sh')).toBe(true);
  const script = files.get('steps/aggregated-0.sh')?.text ?? '';
  expect(script).toContain(`. "$RUN_DIR/runtime/setup.sh" || give_up 'cannot read its setup'
set_up shared 600 setup
set_up shared 600 aggregated.setup
await_services`);
});
