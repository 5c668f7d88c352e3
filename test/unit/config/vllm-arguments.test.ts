import { expect, test } from 'vitest';
import {
  argumentNames,
  findArgument,
  type Program,
  pinnedReleases,
} from '../../../src/config/compat/engine-table.ts';
import { givenFlags } from '../../../src/config/compat/given-flags.ts';
import type { ArgumentValue } from '../../../src/config/schema/role.ts';
import { checkArgument } from '../../../src/plan/rules/argument.ts';
import { report, resolve } from './report.ts';

interface Given {
  readonly args?: Readonly<Record<string, ArgumentValue>>;
  readonly flags?: string[];
}

/** What is said of arguments of Dynamo's workers, or of vLLM's own server: `severity path: message | hint`. */
function said(given: Given, vllm = '0.31.0', dynamo: string | undefined = '1.6.1'): readonly string[] {
  const first: Program = dynamo
    ? { name: 'dynamo.vllm', release: dynamo }
    : { name: 'vllm.serve', release: vllm };
  const reader = { programs: [first, { name: 'vllm', release: vllm } as const], isManaged: () => false };
  const flags = givenFlags('decode', { args: given.args ?? {}, flags: given.flags ?? [] });
  return flags
    .flatMap((flag) => [...checkArgument(flag, reader)])
    .map(
      ({ severity, path, message, hint }) =>
        `${severity} ${path.join('.')}: ${message}${hint ? ` | ${hint}` : ''}`,
    );
}

const V = 'vLLM 0.31.0';

test.each<[string, ArgumentValue, string]>([
  [
    'frobnicate',
    true,
    `${V} has no argument --frobnicate | remove it, or name the releases in the image: dynamo.version`,
  ],
  [
    'dyn-tool-call-parse',
    'hermes',
    `${V} has no argument --dyn-tool-call-parse; did you mean "dyn-tool-call-parser"?`,
  ],
  ['max-modl-len', 4096, `${V} has no argument --max-modl-len; did you mean "max-model-len"?`],
  [
    'disable-log-requests',
    true,
    `${V} no longer has the argument --disable-log-requests | vLLM 0.16.0 was the last to accept it; use --no-enable-log-requests instead`,
  ],
  [
    'swap-space',
    4,
    `${V} no longer has the argument --swap-space | vLLM 0.17.1 was the last to accept it; remove it`,
  ],
  [
    'is-prefill-worker',
    true,
    'dynamo.vllm of Dynamo 1.6.1 no longer has the argument --is-prefill-worker | Dynamo 1.3.1 was the last to accept it; use --disaggregation-mode=prefill instead',
  ],
  [
    'enable-expert-parallel',
    8,
    `${V} refuses it: --enable-expert-parallel takes no value, not "8" | write true, or leave it out`,
  ],
  ['max-num-seqs', '1k', `${V} refuses it: --max-num-seqs takes a whole number, not "1k"`],
  [
    'gpu-memory-utilization',
    90,
    `${V} refuses it: --gpu-memory-utilization must lie between 0 and 1, not 90`,
  ],
  ['max-model-len', true, `${V} refuses it: --max-model-len needs a value | give one`],
  ['block-size', [16, 32], `${V} refuses it: --block-size takes one value, not 2 | give one`],
  [
    'all2all-backend',
    'mori',
    `${V} refuses it: --all2all-backend has no choice "mori" | vLLM 0.22.1 was the last to accept mori`,
  ],
  [
    'moe-backend',
    'deep-gem',
    `${V} refuses it: --moe-backend has no choice "deep-gem"; did you mean "deep_gemm"?`,
  ],
  [
    'kv-transfer-config',
    '{"kv_conector": "NixlConnector", "kv_role": "kv_both"}',
    `${V} has no key "kv_conector" in --kv-transfer-config; did you mean "kv_connector"?`,
  ],
  [
    'compilation-config.level',
    3,
    `${V} has no key "level" in --compilation-config | vLLM 0.17.1 was the last to accept level`,
  ],
])('%s: %j', (name, value, expected) => {
  expect(said({ args: { [name]: value } })).toEqual([`warning decode.args.${name}: ${expected}`]);
});

test('a key of a map is blamed where it stands', () => {
  expect(said({ args: { 'speculative-config': { method: 'mtp', num_spec_tokens: 3 } } })).toEqual([
    `warning decode.args.speculative-config.num_spec_tokens: ${V} has no key "num_spec_tokens" in --speculative-config`,
  ]);
});

test.each<[string, Given]>([
  ['its own argument', { args: { 'max-model-len': '16k', 'max-num-batched-tokens': 8192 } }],
  ["Dynamo's", { args: { 'disaggregation-mode': 'prefill', 'dyn-tool-call-parser': 'hermes' } }],
  ['a negation', { args: { 'no-enable-prefix-caching': true, 'no-async-scheduling': true } }],
  ['underscores', { args: { gpu_memory_utilization: 0.9 } }],
  ['an abbreviation', { args: { 'gpu-memory-util': 0.9 } }],
  ['an alias', { args: { 'device-memory-utilization': 0.9 } }],
  [
    'keys behind a dot',
    { args: { 'compilation-config.cudagraph_mode': 'FULL', 'compilation-config.custom_ops+': '+rms_norm' } },
  ],
  ['JSON', { args: { 'kv-events-config': '{"publisher": "zmq", "topic": "kv-events"}' } }],
  ['JSON without known keys', { args: { 'hf-overrides': { any: 1 } } }],
  ['a word that folds', { args: { 'moe-backend': 'FlashInfer-TRTLLM' } }],
  ['a list', { args: { 'served-model-name': ['a', 'b'], 'numa-bind-nodes': [0, 0, 1, 1] } }],
  ['short names', { flags: ['-tp', '8', '-ep', '-cc.cudagraph_mode=FULL', '-sc', '{"method": "mtp"}'] }],
  ['underscores in words', { flags: ['--max_model_len', '4096', '--kv_cache_dtype=fp8'] }],
  ['a negative number', { flags: ['--seed', '-1', '--enforce-eager'] }],
])('nothing is said of %s', (_, given) => {
  expect(said(given)).toEqual([]);
});

test('words of flags, short ones too, are told apart and blamed where they stand', () => {
  expect(said({ flags: ['-tp', '8', '-zz', '--swap-space', '4', '-cc.cudagraph_mod', '3'] })).toEqual([
    `warning decode.flags.2: ${V} has no argument -zz | remove it, or name the releases in the image: dynamo.version`,
    `warning decode.flags.3: ${V} no longer has the argument --swap-space | vLLM 0.17.1 was the last to accept it; remove it`,
    `warning decode.flags.5: ${V} has no key "cudagraph_mod" in --compilation-config; did you mean "cudagraph_mode"?`,
  ]);
});

test('its own server has arguments that workers of Dynamo have not', () => {
  const given = { args: { 'enable-auto-tool-choice': true } };
  expect(said(given)).toEqual([
    `warning decode.args.enable-auto-tool-choice: ${V} has no argument --enable-auto-tool-choice | it is one of the server of vLLM, which Dynamo's frontend replaces`,
  ]);
  expect(said(given, '0.31.0', '')).toEqual([]);
});

test.each<[string, string, Given, string]>([
  [
    '0.16.0',
    '1.0.2',
    { args: { 'moe-backend': 'auto' } },
    'vLLM 0.16.0 has no argument --moe-backend yet | it was added in vLLM 0.17.0',
  ],
  [
    '0.40.0',
    '1.6.1',
    { args: { frobnicate: 1 } },
    'vLLM 0.33.0, the newest release that dyn-slurm knows, has no argument --frobnicate | remove it, or name the releases in the image: dynamo.version',
  ],
  ['0.40.0', '1.6.1', { args: { 'kv-cache-dtype': 'fp2' } }, ''],
  // Between two releases of the table, what either takes is taken.
  ['0.16.1', '1.0.2', { args: { 'moe-backend': 'auto', 'disable-log-requests': true } }, ''],
])('vLLM %s under Dynamo %s: %j', (vllm, dynamo, given, expected) => {
  const [key] = Object.keys(given.args ?? {});
  expect(said(given, vllm, dynamo)).toEqual(expected ? [`warning decode.args.${key}: ${expected}`] : []);
});

test.each([
  ['vllm/vllm-openai:v0.16.0-cu130', '', 'vLLM 0.16.0'],
  ['/images/vllm+vllm-openai+v0.16.0.sqsh', '', 'vLLM 0.16.0'],
  ['vllm/vllm-openai:v0.16.0', '0.15.0', 'vLLM 0.15.0'],
  ['nvcr.io/nvidia/ai-dynamo/vllm-runtime:1.6.1', '', 'vLLM 0.31.0'],
  ['vllm/vllm-openai:nightly-5e35a6f', '', 'vLLM 0.31.0'],
])('the release in the image %s, or as the config names it (%j): %s', (image, version, title) => {
  const text = CONFIG('args: {frobnicate: 1}')
    .replace('{type: vllm}', `{type: vllm${version && `, version: ${version}`}}`)
    .concat(`container: {image: '${image}'}\n`);
  expect(report(text)).toContain(`${title} has no argument --frobnicate`);
});

test('the releases that Dynamo asks for', () => {
  expect(['0.4.0', '0.7.1', '1.0.2', '1.3.1', '1.6.1', '1.7.0'].map(pinnedReleases)).toMatchObject([
    { vllm: '0.10.0', trtllm: '1.0.0rc4' },
    { vllm: '0.11.0', trtllm: '1.2.0rc3' },
    { vllm: '0.16.0', trtllm: '1.3.0rc5.post1' },
    { vllm: '0.23.0', trtllm: '1.3.0rc19' },
    { vllm: '0.31.0', trtllm: '1.3.0rc29' },
    { vllm: '0.31.0', trtllm: '1.3.0rc29' },
  ]);
});

test('what the generator reads of the classes of a release', () => {
  const at = { name: 'vllm', release: '0.31.0' } as const;
  expect(findArgument(at, 'numa-bind-nodes')).toEqual({
    name: 'numa-bind-nodes',
    type: 'int',
    many: '+',
    choices: undefined,
    keys: undefined,
    deprecated: undefined,
  });
  expect(findArgument(at, '-dcp')?.name).toBe('decode-context-parallel-size');
  expect(findArgument(at, 'scheduling-policy')?.choices).toEqual(['fcfs', 'priority']);
  expect(findArgument(at, 'kv-transfer-config')?.keys).toContain('kv_connector_extra_config');
  expect(argumentNames(at)).toContain('no-enable-chunked-prefill');
});

const CONFIG = (args: string) => `name: r1
gpu: h100
model: {path: /models/r1}
slurm: {account: a, partition: b, time: 4h}
engine: {type: vllm}
aggregated:
  nodes: 1
  ${args}
`;

test('a map that is no JSON, as Python prints it', () => {
  const args = `args: {kv-transfer-config: "{'kv_connector': 'NixlConnector', 'kv_role': 'kv_both'}"}`;
  const [first, ...frame] = report(CONFIG(args)).split('\n');
  expect(first).toMatch(
    /^c\.yaml:8:30 {2}warning: aggregated\.args\.kv-transfer-config: vLLM 0\.31\.0 refuses it: --kv-transfer-config is no JSON \(.+\)$/,
  );
  expect(frame.at(-1)).toBe('  hint: write JSON, whose keys and texts stand in double quotes, or a YAML map');
});

test('a made-up argument, a misspelt one and one that is gone, each with its frame', () => {
  expect(
    report(
      CONFIG(`args:
    frobnicate: true
    max-modl-len: 4096
    swap-space: 4
    compilation-config: {cudagraph_mod: FULL}
    mem-fraction-static: 0.8`),
    ),
  ).toBe(`c.yaml:9:5  warning: aggregated.args.frobnicate: vLLM 0.31.0 has no argument --frobnicate
  9 |     frobnicate: true
    |     ^^^^^^^^^^
  hint: remove it, or name the releases in the image: dynamo.version, and engine.version for vLLM
c.yaml:10:5  warning: aggregated.args.max-modl-len: vLLM 0.31.0 has no argument --max-modl-len; did you mean "max-model-len"?
  10 |     max-modl-len: 4096
     |     ^^^^^^^^^^^^
c.yaml:11:5  warning: aggregated.args.swap-space: vLLM 0.31.0 no longer has the argument --swap-space
  11 |     swap-space: 4
     |     ^^^^^^^^^^
  hint: vLLM 0.17.1 was the last to accept it; remove it, or set engine.version to the release in the image
c.yaml:12:26  warning: aggregated.args.compilation-config.cudagraph_mod: vLLM 0.31.0 has no key "cudagraph_mod" in --compilation-config; did you mean "cudagraph_mode"?
  12 |     compilation-config: {cudagraph_mod: FULL}
     |                          ^^^^^^^^^^^^^
c.yaml:13:5  warning: aggregated.args.mem-fraction-static: vLLM 0.31.0 has no argument --mem-fraction-static
  13 |     mem-fraction-static: 0.8
     |     ^^^^^^^^^^^^^^^^^^^
  hint: it is an argument of SGLang; vLLM's counterpart is gpu-memory-utilization`);
});

test.each([
  ['-tp', '-tp is set by dyn-slurm, to 8 from aggregated.tp'],
  ['-tp4', '-tp4 is short for -tp, which is set by dyn-slurm'],
  [
    '--tensor_parallel_size',
    '--tensor_parallel_size is short for --tensor-parallel-size, which is set by dyn-slurm',
  ],
  ['--tensor-par', '--tensor-par is short for --tensor-parallel-size, which is set by dyn-slurm'],
])("an argument of dyn-slurm's own, as %s", (word, expected) => {
  const { diagnostics } = resolve(CONFIG(`flags: ['${word}', '4']`));
  expect(diagnostics.map(({ severity, path, message }) => `${severity} ${path} ${message}`)).toEqual([
    `error aggregated.flags[0] ${expected}`,
  ]);
});
