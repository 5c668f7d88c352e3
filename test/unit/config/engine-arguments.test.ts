import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { argText } from '../../../src/argument.ts';
import {
  argumentNames,
  findArgument,
  lifetime,
  pinnedReleases,
} from '../../../src/config/compat/engine-table.ts';
import { FLAG_RENAMES } from '../../../src/config/compat/flag-renames.ts';
import { jobEngine } from '../../../src/engines/engines.ts';
import { checkEngineArguments } from '../../../src/plan/rules/engine-arguments.ts';
import { publishedJob, topologyHeader } from '../plan/engine/published-job.ts';
import { presets, variants } from '../plan/engine/variants.ts';
import { planOf, sampleJob } from '../plan/sample-job.ts';
import { report, resolve, VALID } from './report.ts';

type Sections = Parameters<typeof sampleJob>[0];

/** What is said of a worker's arguments: `severity path: message | hint`. */
function said(role: Sections, sections: Sections = {}): readonly string[] {
  const job = sampleJob({ aggregated: { nodes: 1, ...role }, ...sections });
  return [...checkEngineArguments(job), ...jobEngine(job).checkRoles(job)].map(
    ({ severity, path, message, hint }) =>
      `${severity} ${path.join('.')}: ${message}${hint ? ` | ${hint}` : ''}`,
  );
}

const A = 'warning aggregated.args';
const S = 'SGLang 0.5.21';

test.each([
  [
    'mem-fraction-statc',
    0.8,
    `${S} has no argument --mem-fraction-statc; did you mean "mem-fraction-static"?`,
  ],
  ['contxt-length', 4096, `${S} has no argument --contxt-length; did you mean "context-length"?`],
  [
    'max-runing-requests',
    10,
    `${S} has no argument --max-runing-requests; did you mean "max-running-requests"?`,
  ],
  [
    'enable-ep-moe',
    true,
    `${S} no longer has the argument --enable-ep-moe | SGLang 0.5.4 was the last to accept it; use --ep-size instead, or set engine.version to the release in the image`,
  ],
  [
    'gpu-memory-utilization',
    0.9,
    `${S} has no argument --gpu-memory-utilization | it is an argument of vLLM; SGLang's counterpart is mem-fraction-static`,
  ],
  ['attn-dp-sizes', 2, `${S} has no argument --attn-dp-sizes; did you mean "attn-cp-size"?`],
  ['mem-fraction-static', 8, `${S} refuses it: --mem-fraction-static must lie between 0 and 1, not 8`],
  ['page-size', 'sixteen', `${S} refuses it: --page-size takes a whole number, not "sixteen"`],
  ['page-size', 0, `${S} refuses it: --page-size must be at least 1, not 0`],
  ['page-size', true, `${S} refuses it: --page-size needs a value | give a whole number`],
  ['page-size', [1, 2], `${S} refuses it: --page-size takes one value, not 2 | give one`],
  [
    'attention-backend',
    'flashinfr',
    `${S} refuses it: --attention-backend has no choice "flashinfr"; did you mean "flashinfer"?`,
  ],
  ['deepep-mode', 'fast', `${S} refuses it: --deepep-mode takes normal, low_latency or auto, not "fast"`],
  [
    'enable-dp-lm-head',
    'yes',
    `${S} refuses it: --enable-dp-lm-head takes no value, not "yes" | write true, or leave it out`,
  ],
  ['cuda-graph-bs', [1, 'two'], `${S} refuses it: --cuda-graph-bs-decode takes whole numbers, not "two"`],
  [
    'cuda-graph',
    true,
    '--cuda-graph is ambiguous: it may mean --cuda-graph-backend-decode or --cuda-graph-backend-prefill or --cuda-graph-bs-decode | write the name in full',
  ],
])('%s: %j', (name, value, expected) => {
  expect(said({ args: { [name]: value } })).toEqual([`${A}.${name}: ${expected}`]);
});

test.each([
  ['an argument', { 'mem-fraction-static': 0.8 }],
  ["Dynamo's own", { 'enable-rl': true }],
  ['an abbreviation', { 'mem-fraction-stat': 0.8 }],
  ['an alias', { 'attention-context-parallel-size': 2 }],
  ['its older name, which is rewritten', { 'cuda-graph-bs': [1, 2], 'disable-piecewise-cuda-graph': true }],
  ['one that is gone without loss', { 'prefill-round-robin-balance': true }],
  ['a choice that Dynamo adds', { 'load-format': 'gms' }],
  ['underscores', { moe_a2a_backend: 'deepep' }],
  ['false, which leaves it out', { 'enable-ep-moe': false }],
  [
    "Python's numbers",
    { 'chunked-prefill-size': -1, 'mem-fraction-static': '.8', 'context-length': '4_096' },
  ],
  ['JSON', { 'model-loader-extra-config': { enable_multithread_load: true } }],
])('nothing is said of %s', (_, args) => {
  expect(said({ args })).toEqual([]);
});

test('words of flags are read like args, and passed on as they are', () => {
  expect(said({ flags: ['--mem-fraction-stat', '0.8', '--cuda-graph-bs', '1', '--page-size=x'] })).toEqual([
    `warning aggregated.flags.2: ${S} no longer has the argument --cuda-graph-bs | SGLang 0.5.19 was the last to accept it; use --cuda-graph-bs-decode instead, or set engine.version to the release in the image`,
    `warning aggregated.flags.4: ${S} refuses it: --page-size takes a whole number, not "x"`,
  ]);
});

test('an abbreviation of what dyn-slurm writes is refused', () => {
  expect(said({ args: { 'tensor-par': 4 } })).toEqual([
    'error aggregated.args.tensor-par: --tensor-par is short for --tensor-parallel-size, which is set by dyn-slurm | remove it here',
  ]);
});

test("the frontend's arguments", () => {
  expect(
    said({}, { frontend: { args: { 'metrics-prefx': 'a', 'router-min-initial-workers': 'x' } } }),
  ).toEqual([
    'warning frontend.args.metrics-prefx: the frontend of Dynamo 1.6.1 has no argument --metrics-prefx; did you mean "metrics-prefix"?',
    'warning frontend.args.router-min-initial-workers: the frontend of Dynamo 1.6.1 refuses it: --router-min-initial-workers takes a whole number, not "x"',
  ]);
});

test.each([
  [
    '0.6.1',
    { 'cuda-graph-backend-decode': 'full' },
    '0.5.3.post2',
    ' yet | it was added in SGLang 0.5.14; set engine.version to the release in the image',
  ],
  ['0.6.1', { 'enable-ep-moe': true }, undefined, ''],
  ['1.4.2', { 'attention-backend': 'cutlass_mla' }, undefined, ''],
  ['0.3.2', { 'no-such': 1 }, undefined, ''],
])('Dynamo %s: %j', (version, args, sglang, rest) => {
  const [name] = Object.keys(args);
  const expected =
    sglang === undefined ? [] : [`${A}.${name}: SGLang ${sglang} has no argument --${name}${rest}`];
  expect(said({ args }, { dynamo: { version } })).toEqual(expected);
});

test('a deprecated argument, with what replaces it', () => {
  const config = `name: r1
gpu: h100
model: {path: /models/r1}
slurm: {account: a, partition: b, time: 4h}
dynamo: {version: "1.4.2"}
aggregated: {nodes: 1, args: {disable-cuda-graph: true}}
`;
  expect(
    report(config),
  ).toBe(`c.yaml:6:31  warning: aggregated.args.disable-cuda-graph: --disable-cuda-graph is deprecated in SGLang 0.5.16
  6 | aggregated: {nodes: 1, args: {disable-cuda-graph: true}}
    |                               ^^^^^^^^^^^^^^^^^^
  hint: use --cuda-graph-backend-decode=disabled and --cuda-graph-backend-prefill=disabled instead`);
});

test('a deprecated argument of the frontend', () => {
  const job = sampleJob({ aggregated: { nodes: 1 }, frontend: { args: { 'router-queue-policy': 'fcfs' } } });
  expect([...checkEngineArguments(job)].map(({ message, hint }) => `${message} | ${hint}`)).toEqual([
    '--router-queue-policy is deprecated in the frontend of Dynamo 1.6.1 | use --router-policy-config instead',
  ]);
});

test('nothing is said of a deprecated argument that a published topology gives, or that dyn-slurm writes in its new form', () => {
  const topology = `title: t
goal: example
source: {repo: a, path: b, commit: c, dynamo: "1.4.2", date: "2026-11", license: MIT}
gpu: h100
aggregated: {nodes: 1, args: {disable-cuda-graph: true}}
`;
  const config = `name: r1
topology: docs-dsr1-wideep-h100
model: {path: /models/r1}
slurm: {account: a, partition: b, time: 4h}
dynamo: {version: "1.4.2"}
`;
  expect(report(config, { topology })).toBe('');
  expect(
    said(
      { args: { 'enable-dp-attention': true }, tp: 8, dp: 8 },
      { engine: { type: 'sglang', version: '0.5.23' } },
    ),
  ).toEqual([]);
});

test('a variable that became an argument, with a value that nothing stands for', () => {
  const S14 = 'SGLang 0.5.14 has the argument --fp4-gemm-backend instead of';
  const env = (name: string, value: string, version: string) =>
    said({ env: { [name]: value } }, { engine: { version } });
  expect(env('SGLANG_FLASHINFER_FP4_GEMM_BACKEND', 'cutlas', '0.5.14')).toEqual([
    `warning aggregated.env.SGLANG_FLASHINFER_FP4_GEMM_BACKEND: ${S14} SGLANG_FLASHINFER_FP4_GEMM_BACKEND, and no counterpart is known for "cutlas" | set fp4-gemm-backend in aggregated.args`,
  ]);
  expect(env('SGLANG_FP4_GEMM_BACKEND', 'x', '0.5.14')).toEqual([
    `warning aggregated.env.SGLANG_FP4_GEMM_BACKEND: ${S14} SGLANG_FP4_GEMM_BACKEND, and no counterpart is known for "x" | set fp4-gemm-backend in aggregated.args`,
  ]);
  for (const [name, value, version] of [
    ['SGLANG_FLASHINFER_FP4_GEMM_BACKEND', 'cutlas', '0.5.6'],
    ['SGLANG_FLASHINFER_FP4_GEMM_BACKEND', 'cutlass', '0.5.14'],
    ['SGLANG_FLASHINFER_FP4_GEMM_BACKEND', 'flashinfer_trtllm', '0.5.14'],
    ['SGLANG_ENABLE_FLASHINFER_GEMM', '0', '0.5.14'],
    ['SGLANG_HACK_SEQ_BOOTSTRAP_ROOM', '1', '0.5.14'],
  ] as const)
    expect(env(name, value, version), `${name} ${value} ${version}`).toEqual([]);
});

test.each([
  [{ tp: 8, args: { 'attn-dp-size': 3 } }, 'topology.aggregated.args.attn-dp-size: attn-dp-size 3'],
  [
    { tp: 8, dp: 3, args: { 'enable-dp-attention': true } },
    'topology.aggregated.dp: with DP attention, dp 3',
  ],
])('groups of DP attention that do not fit are named as they are written: %j', (role, words) => {
  const text = JSON.stringify({
    name: 'x',
    topology: { gpu: 'h100', aggregated: role },
    model: { path: '/models/m' },
    slurm: { account: 'a', partition: 'b', time: '1h' },
    engine: { version: '0.5.22' },
  });
  expect(report(text)).toContain(`${words} must divide tp 8`);
});

// SGLang 0.5.14 parses `full` for prefill, and then ends with a ValueError: ALLOWED_BACKENDS_PER_PHASE.
test.each([
  ['0.5.14', 'full', 'breakable, tc_piecewise or disabled', 'full was added in SGLang 0.5.15'],
  ['0.5.15', 'full', undefined, undefined],
  ['0.5.21', 'tc_piecewise', undefined, undefined],
  [
    '0.5.22',
    'tc_piecewise',
    'breakable, disabled or full',
    'SGLang 0.5.21 was the last to accept tc_piecewise',
  ],
])('a value has releases, too: SGLang %s, %s', (version, value, choices, hint) => {
  const args = { 'cuda-graph-backend-prefill': value };
  expect(said({ args }, { engine: { version } })).toEqual(
    choices === undefined
      ? []
      : [
          `${A}.cuda-graph-backend-prefill: SGLang ${version} refuses it: --cuda-graph-backend-prefill takes ${choices}, not "${value}" | ${hint}`,
        ],
  );
});

test.each([
  ['0.5.6.post2', []],
  ['0.5.9', []],
  ['0.5.10', ['--disable-piecewise-cuda-graph']],
  ['0.5.19', ['--disable-piecewise-cuda-graph']],
  ['0.5.20', ['--cuda-graph-backend-prefill', 'disabled']],
])('no graphs in prefill, as SGLang %s takes it: %j', (version, words) => {
  const role = { nodes: 1, args: { 'cuda-graph-backend-prefill': 'disabled' } };
  const job = sampleJob({ aggregated: role, engine: { version } });
  const argv =
    planOf(job)
      .steps.find(({ name }) => name === 'aggregated-0')
      ?.argv.map(argText) ?? [];
  expect(argv.filter((word) => /graph|disabled/.test(word))).toEqual(words);
  expect(said(role, { engine: { version } })).toEqual([]);
});

test("SGLang's release is a key of its own", () => {
  const args = { 'attention-backend': 'llada2_cfg_flashinfer' };
  expect(said({ args }, { engine: { version: '0.5.22' } })).toEqual([]);
  expect(said({ args })).toEqual(
    [
      `${A}.attention-backend: ${S} refuses it: --attention-backend has no choice "llada2_cfg_flashinfer"; did you mean "minicpm_flashinfer"?`,
    ].map((text) => expect.stringContaining(text.slice(0, 90))),
  );
  expect(report(`${VALID}engine: {version: latest}\n`)).toContain(
    'engine.version: write the release of the engine as "0.5.21"',
  );
});

test('other modules have arguments of their own', () => {
  expect(said({ module: 'dynamo.vllm', args: { 'max-model-len': 1 } })).toEqual([]);
  expect(said({ module: 'dynamo.mocker', args: { 'speedup-rato': 2, 'block-size': 16 } })).toEqual([
    `${A}.speedup-rato: dynamo.mocker of Dynamo 1.6.1 has no argument --speedup-rato; did you mean "speedup-ratio"?`,
  ]);
});

test('a switch with a value counts as the switch, and is blamed where it stands', () => {
  const text = `${VALID.replace('workers: 4, nodes: 4', "nodes: 4, tp: gpus, dp: gpus, args: {enable-dp-attention: 'yes'}")}`;
  expect(resolve(text).diagnostics.map(({ path, message }) => `${path}: ${message}`)).toEqual([
    `aggregated.args.enable-dp-attention: ${S} refuses it: --enable-dp-attention takes no value, not "yes"`,
  ]);
});

/** Upstream wrote these for sources between two releases: by topology and release. */
const AHEAD: Readonly<Record<string, readonly string[]>> = {
  'launch-disagg_router-components 0.5.1': [
    'decode.args.enable-prefill-routing: SGLang 0.5.0rc2 has no argument --enable-prefill-routing',
  ],
  'legacy-gb200-fp8 0.5.1': [
    'decode.args.prefill-round-robin-balance: SGLang 0.5.0rc2 has no argument --prefill-round-robin-balance yet',
  ],
};

test.each(variants)('$name has no argument that its releases lack', ({ name }) => {
  const header = topologyHeader(name);
  for (const version of [undefined, header.source.dynamo, '1.4.2', '1.6.1']) {
    for (const engine of [undefined, '0.5.23']) {
      if (engine !== undefined && version !== '1.6.1') continue;
      const { job } = publishedJob(name, version === undefined ? {} : { version });
      const problems = [
        ...checkEngineArguments({ ...job, engine: { type: 'sglang', version: engine, rename: true } }),
      ].filter(({ ownOnly }) => !ownOnly);
      const found = problems.map(({ path, message }) => `${path.join('.')}: ${message}`);
      expect(found).toEqual(AHEAD[`${name} ${version}`] ?? []);
    }
  }
});

test.each(presets)('$name has no argument that the releases which it names lack', ({ name }) => {
  const problems = [...checkEngineArguments(publishedJob(name).job)].filter(({ ownOnly }) => !ownOnly);
  expect(problems.map(({ path, message }) => `${path.join('.')}: ${message}`)).toEqual([]);
});

test('no example has either', () => {
  const configs = join(import.meta.dirname, '../../../configs');
  for (const file of readdirSync(configs).filter((one) => one.endsWith('.yaml'))) {
    const text = readFileSync(join(configs, file), 'utf8');
    const topology = /^topology: (\S+)/m.exec(text)?.[1];
    const around = topology
      ? { topology: readFileSync(join(configs, 'topologies', `${topology}.yaml`), 'utf8') }
      : {};
    expect(report(text, around)).not.toMatch(/has no argument|refuses it/);
  }
});

// Recorded from the real parsers: see test/fixtures/sglang/options-1.6.1.txt.
test('the table has the options that Dynamo 1.6.1 with SGLang 0.5.21 says it has', () => {
  const file = join(import.meta.dirname, '../../fixtures/sglang/options-1.6.1.txt');
  const recorded = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('--'))
    .map((line) => line.split(' ')[0]?.slice(2) ?? '');
  const known = new Set([
    ...argumentNames({ name: 'dynamo.sglang', release: '1.6.1' }),
    ...argumentNames({ name: 'sglang', release: '0.5.21' }),
  ]);
  expect(recorded.filter((name) => !known.has(name))).toEqual([]);
});

// Recorded from the real parsers: see test/fixtures/dynamo/options-1.6.1.txt.
test.each(['dynamo.mocker', 'dynamo.frontend', 'dynamo.vllm', 'dynamo.trtllm'] as const)(
  'the table has the options that %s 1.6.1 has',
  (name) => {
    const file = join(import.meta.dirname, '../../fixtures/dynamo/options-1.6.1.txt');
    const [, section = ''] = readFileSync(file, 'utf8').split(`[${name}]\n`);
    const recorded = section.split('\n[')[0]?.split('\n').filter(Boolean) ?? [];
    const known = new Set(argumentNames({ name, release: '1.6.1' }));
    expect(recorded.length).toBeGreaterThan(100);
    expect(recorded.map((word) => word.replace(/^--/, '')).filter((word) => !known.has(word))).toEqual([]);
  },
);

test("the mocker's arguments: a made-up one, a misspelt one and one that is gone, each with its frame", () => {
  expect(
    report(`name: r1
gpu: h100
model: {path: /models/r1}
slurm: {account: a, partition: b, time: 4h}
engine: {type: mocker}
aggregated:
  nodes: 1
  args:
    frobnicate: true
    speedup-rato: 2
    num-g2-blocks: 8
`),
  ).toBe(`c.yaml:9:5  warning: aggregated.args.frobnicate: dynamo.mocker of Dynamo 1.6.1 has no argument --frobnicate
  9 |     frobnicate: true
    |     ^^^^^^^^^^
  hint: remove it, or name the releases in the image: dynamo.version
c.yaml:10:5  warning: aggregated.args.speedup-rato: dynamo.mocker of Dynamo 1.6.1 has no argument --speedup-rato; did you mean "speedup-ratio"?
  10 |     speedup-rato: 2
     |     ^^^^^^^^^^^^
c.yaml:11:5  warning: aggregated.args.num-g2-blocks: dynamo.mocker of Dynamo 1.6.1 no longer has the argument --num-g2-blocks
  11 |     num-g2-blocks: 8
     |     ^^^^^^^^^^^^^
  hint: Dynamo 1.4.2 was the last to accept it; remove it`);
});

test('what changed between releases', () => {
  expect(
    ['0.6.1', '0.8.1', '1.0.2', '1.2.1', '1.4.2', '1.6.1', '1.7.0'].map((one) => pinnedReleases(one).sglang),
  ).toEqual(['0.5.3.post2', '0.5.6.post2', '0.5.9', '0.5.11', '0.5.16', '0.5.21', '0.5.21']);
  expect(findArgument({ name: 'sglang', release: '0.5.22' }, 'enable-dp-attention')?.deprecated).toBe(
    '--attn-dp-size',
  );
  expect(
    findArgument({ name: 'sglang', release: '0.5.21' }, 'enable-dp-attention')?.deprecated,
  ).toBeUndefined();
  expect(findArgument({ name: 'sglang', release: '0.5.23' }, 'tensor-parallel-size')).toEqual({
    name: 'tp-size',
    type: 'int',
    many: '',
    choices: undefined,
    keys: undefined,
    deprecated: undefined,
  });
  expect(lifetime('dynamo.sglang', 'migration-limit')).toEqual({
    first: '0.4.1',
    last: '0.9.1',
    replacement: '',
  });
});

test('every rewriting is to a name that its release has', () => {
  for (const { since, now } of FLAG_RENAMES) {
    const sglang = 'sglang' in since ? since.sglang : pinnedReleases(since.dynamo).sglang;
    const dynamo = 'dynamo' in since ? since.dynamo : '1.6.1';
    for (const name of Object.keys(now.args ?? {})) {
      const found =
        findArgument({ name: 'sglang', release: sglang }, name) ??
        findArgument({ name: 'dynamo.sglang', release: dynamo }, name);
      expect(found?.name, name).toBe(name);
    }
  }
});

test.each([
  ['0.5.21', { dp: 8, args: { 'enable-dp-attention': true } }, '--dp-size 8 --enable-dp-attention'],
  ['0.5.21', { args: { 'attn-dp-size': 8 } }, '--dp-size 8 --enable-dp-attention'],
  ['0.5.22', { dp: 8, args: { 'enable-dp-attention': true } }, '--attn-dp-size 8'],
  ['0.5.23', { args: { 'attn-dp-size': 8 } }, '--attn-dp-size 8'],
  ['0.5.23', { flags: ['--attn-dp-size', '8'] }, '--attn-dp-size 8'],
  ['0.5.23', { dp: 2, tp: 4 }, '--dp-size 2'],
])('DP attention in the words of SGLang %s: %j', (version, role, words) => {
  const job = sampleJob({ aggregated: { nodes: 1, ...role }, engine: { version } });
  const argv = planOf(job)
    .steps.find(({ name }) => name === 'aggregated-0')
    ?.argv.map(argText);
  const own = /--(attn-)?dp-size \d+|--enable-dp-attention/g;
  expect(argv?.join(' ').match(own)?.join(' ')).toBe(words);
});
