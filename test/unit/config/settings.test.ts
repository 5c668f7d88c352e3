import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type SettingOptions, settingLayers, settingsSource } from '../../../src/config/settings.ts';
import { formatDiagnostic } from '../../../src/config/yaml/diagnostic.ts';
import { parseYaml } from '../../../src/config/yaml/parse.ts';
import { type PlannedConfig, planConfig } from '../../../src/plan/plan-config.ts';

const CONFIG = `name: r1
gpu: h100
model: {path: /models/r1}
slurm: {account: a, partition: b, time: 4h}
prefill: {nodes: 2, args: {mem_fraction_static: 0.80, deepep-config: /c.json}, env: {A: x}}
decode: {workers: 2, nodes: 2}
`;

function withSettings(options: SettingOptions, text = CONFIG): PlannedConfig {
  return planConfig({
    config: parseYaml('c.yaml', text),
    over: settingLayers(options),
    topologyNames: [],
    cluster: { name: 'default', files: [] },
    clusterNames: ['default'],
  });
}

/** All that is said of the options. */
function said(options: SettingOptions): string {
  const texts = new Map([
    ['c.yaml', CONFIG],
    ['command line', settingsSource(options)?.text ?? ''],
  ]);
  return withSettings(options)
    .diagnostics.map((one) =>
      formatDiagnostic(one, texts.get(one.file), { textOf: (file) => texts.get(file) }),
    )
    .join('\n');
}

test('values are typed as in a file, later settings win, and what is unset goes first', () => {
  const { job, diagnostics, provenance } = withSettings({
    unset: ['prefill.args', 'decode.workers'],
    set: [
      'name=r2',
      'slurm.time=10m',
      'prefill.args.max_running_requests=64',
      'prefill.args.max-running-requests=128',
      'prefill.args.watchdog-timeout=1e5',
      'prefill.env.EMPTY=',
      'prefill.env["A"]=#1 & *2',
      'prefill.env.VERSION=1.10',
      'prefill.env.TEXT=a: b',
      'decode.args={cuda-graph-bs: [1, 2], model-loader-extra-config: {a: null}}',
      'frontend.router_mode=random',
      'frontend.count=2',
    ],
  });
  expect(diagnostics).toEqual([]);
  expect(job).toMatchObject({
    name: 'r2',
    slurm: { time: 600 },
    prefill: {
      args: { 'max-running-requests': 128, 'watchdog-timeout': '1e5' },
      env: { A: '#1 & *2', EMPTY: '', VERSION: '1.10', TEXT: 'a: b' },
    },
    decode: { workers: 1, args: { 'cuda-graph-bs': [1, 2], 'model-loader-extra-config': { a: null } } },
    frontend: { count: 2, router_mode: 'random' },
  });
  expect(Object.keys(job?.prefill?.args ?? {})).toEqual(['max-running-requests', 'watchdog-timeout']);
  expect(provenance.find(({ path }) => path === 'slurm.time')?.from).toBe('command line');
});

test('what is wrong with a setting is shown in its text', () => {
  expect(
    said({
      unset: ['decode.env.NOTHING', 'prefil.args', 'slurm.partition'],
      set: [
        'prefill.nodes=x',
        'decode.agrs.tp-size=8',
        'decode.args.max-runing-requests=8',
        'bench.concurrencies[0]=4',
        'a..b=4',
        '=4',
        'prefill.tp',
        'prefill.args=[1, 2',
        'decode.args={a: 1, a: 2}',
        'prefill.env.__proto__=1',
      ],
    }),
  ).toMatchInlineSnapshot(`
    "command line:1:20  warning: decode.env.NOTHING: is not set, so there is nothing to remove
      1 | --unset decode.env.NOTHING
        |                    ^^^^^^^
    command line:2:9  prefil: unknown key; did you mean "prefill"?
      2 | --unset prefil.args
        |         ^^^^^^
    command line:3:15  slurm.partition: is empty; give it a value
      3 | --unset slurm.partition
        |               ^^^^^^^^^
      hint: Partition to submit to (\`--partition\`). Default: \`partition\` of the cluster profile.
    command line:4:21  prefill.nodes: must be a whole number, not "x"
      4 | --set prefill.nodes=x
        |                     ^
    command line:5:14  decode.agrs: unknown key; did you mean "args"?
      5 | --set decode.agrs.tp-size=8
        |              ^^^^
    command line:7:7  names an item of a list
      7 | --set bench.concurrencies[0]=4
        |       ^^^^^^^^^^^^^^^^^^^^^^
      hint: give the whole list: bench.concurrencies=[1, 2]
    command line:8:7  is not the path of a key
      8 | --set a..b=4
        |       ^^^^
      hint: write keys with dots between them, as slurm.time or decode.args.tp-size; a key with a dot as ["A.B"]
    command line:9:7  is not the path of a key
      9 | --set =4
        |       ^
      hint: write keys with dots between them, as slurm.time or decode.args.tp-size; a key with a dot as ["A.B"]
    command line:10:7  write --set prefill.tp=VALUE
      10 | --set prefill.tp
         |       ^^^^^^^^^^
    command line:11:20  prefill.args: this bracket is not closed
      11 | --set prefill.args=[1, 2
         |                    ^
      hint: end it with ]
    command line:12:26  decode.args.a: is given twice; it is already on line 12
      12 | --set decode.args={a: 1, a: 2}
         |                          ^
    command line:13:7  __proto__ is not allowed as a key
      13 | --set prefill.env.__proto__=1
         |       ^^^^^^^^^^^^^^^^^^^^^"
  `);
});

test('a rule across keys, and one about arguments', () => {
  expect(said({ set: ['decode.workers=3', 'decode.args.max-runing-requests=8'] })).toMatchInlineSnapshot(`
    "command line:1:22  decode.workers: conflicts with decode.nodes: 2 nodes cannot be divided among 3 workers
      1 | --set decode.workers=3
        |                      ^
      c.yaml:6:29  decode.nodes
      6 | decode: {workers: 2, nodes: 2}
        |                             ^
      hint: decode.nodes: use a multiple of 3, or gpus_per_worker instead of nodes to put several workers on a node
    command line:2:19  warning: decode.args.max-runing-requests: SGLang 0.5.21 has no argument --max-runing-requests; did you mean "max-running-requests"?
      2 | --set decode.args.max-runing-requests=8
        |                   ^^^^^^^^^^^^^^^^^^^"
  `);
});

test('a setting may name another topology, or a part of one', () => {
  const inline = `${CONFIG}topology: {infra: {nats: false}, health: {stall: 5m}}\n`;
  const { job } = withSettings({ unset: ['topology.infra'], set: ['topology.health.stall=9m'] }, inline);
  expect(job?.health.stall).toBe(540);
  expect(job?.infra.nats).toBe('auto');
  expect(withSettings({ set: ['topology=nowhere'] }).diagnostics.map(({ message }) => message)).toEqual([
    'there is no topology "nowhere"',
  ]);
});

test('a part of a published topology is overridden without its name', () => {
  const options = { set: ['topology=h100', 'topology.decode.nodes=4'] };
  const [only, ...others] = withSettings(options).diagnostics;
  expect(others).toEqual([]);
  expect(
    only && formatDiagnostic(only, settingsSource(options)?.text),
  ).toBe(`command line:2:7  topology: cannot change a part of the published topology "h100"
  2 | --set topology.decode.nodes=4
    |       ^^^^^^^^
  hint: leave "topology." out: decode of the config overrides that of the topology`);
});

const configs = join(import.meta.dirname, '../../../configs');

test.each([
  ['the text above', CONFIG, { unset: ['prefill.args.mem-fraction-static'], set: ['decode.env.B=1.10'] }],
  ...readdirSync(configs)
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => [file, readFileSync(join(configs, file), 'utf8'), { set: ['slurm.time=10m'] }] as const),
] as const)('%s, written out with settings, gives the same job', (_, text, options) => {
  const changed = resolveWithTopology(text, options);
  expect(changed.diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  const written = changed.flatText?.() ?? '';
  expect(resolveWithTopology(written, {}).job).toEqual(changed.job);
});

function resolveWithTopology(text: string, options: SettingOptions): PlannedConfig {
  const name = /^topology: (\S+)/m.exec(text)?.[1];
  const file = `${configs}/topologies/${name}.yaml`;
  return planConfig({
    config: parseYaml('c.yaml', text),
    over: settingLayers(options),
    ...(name && { topology: { file, text: readFileSync(file, 'utf8') } }),
    topologyNames: name ? [name] : [],
    cluster: { name: 'default', files: [] },
    clusterNames: ['default'],
  });
}
