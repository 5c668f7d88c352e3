import { expect, test } from 'vitest';
import { checkFields } from '../../../src/plan/rules/engine-fields.ts';
import { report } from './report.ts';

/** What is said of keys of the engine's file: `severity path: message | hint`. */
function said(args: Readonly<Record<string, unknown>>, release = '1.3.0rc29'): readonly string[] {
  return [
    ...checkFields(args, ['decode', 'args'], { program: { name: 'trtllm', release }, assumed: false }),
  ].map(
    ({ severity, path, message, hint }) =>
      `${severity} ${path.join('.')}: ${message}${hint ? ` | ${hint}` : ''}`,
  );
}

test('a made-up key, a misspelt one and one that is gone, each with its frame, and so in maps', () => {
  expect(
    report(`name: r1
gpu: gb200
model: {path: /models/r1}
slurm: {account: a, partition: b, time: 4h}
engine: {type: trtllm}
aggregated:
  nodes: 1
  args:
    frobnicate: true
    max_batchsize: 8
    kv_cache_dtype: fp8
    kv_cache_config:
      free_gpu_mem_fraction: 0.8
      onboard_blocks: true
    moe_config: {backend: TRTLM}
  flags: [--publish-stats, --publish-metrcs]
`),
  ).toBe(`c.yaml:9:5  warning: aggregated.args.frobnicate: TensorRT-LLM 1.3.0rc29 has no key "frobnicate"
  9 |     frobnicate: true
    |     ^^^^^^^^^^
c.yaml:10:5  warning: aggregated.args.max_batchsize: TensorRT-LLM 1.3.0rc29 has no key "max_batchsize"; did you mean "max_batch_size"?
  10 |     max_batchsize: 8
     |     ^^^^^^^^^^^^^
c.yaml:11:5  warning: aggregated.args.kv_cache_dtype: TensorRT-LLM 1.3.0rc29 has no key "kv_cache_dtype"
  11 |     kv_cache_dtype: fp8
     |     ^^^^^^^^^^^^^^
  hint: earlier releases had it; use kv_cache_config.dtype instead, or set engine.version to the release in the image
c.yaml:13:7  warning: aggregated.args.kv_cache_config.free_gpu_mem_fraction: TensorRT-LLM 1.3.0rc29 has no key "free_gpu_mem_fraction" in kv_cache_config; did you mean "free_gpu_memory_fraction"?
  13 |       free_gpu_mem_fraction: 0.8
     |       ^^^^^^^^^^^^^^^^^^^^^
c.yaml:14:7  warning: aggregated.args.kv_cache_config.onboard_blocks: TensorRT-LLM 1.3.0rc29 has no key "onboard_blocks" in kv_cache_config
  14 |       onboard_blocks: true
     |       ^^^^^^^^^^^^^^
  hint: TensorRT-LLM 1.2.0 still had it; remove it, or set engine.version to the release in the image
c.yaml:15:27  warning: aggregated.args.moe_config.backend: TensorRT-LLM 1.3.0rc29 refuses it: moe_config.backend has no choice "TRTLM"; did you mean "TRTLLM"?
  15 |     moe_config: {backend: TRTLM}
     |                           ^^^^^
c.yaml:16:11  warning: aggregated.flags[0]: dynamo.trtllm of Dynamo 1.6.1 has no argument --publish-stats
  16 |   flags: [--publish-stats, --publish-metrcs]
     |           ^^^^^^^^^^^^^^^
  hint: remove it, or name the releases in the image: dynamo.version
c.yaml:16:28  warning: aggregated.flags[1]: dynamo.trtllm of Dynamo 1.6.1 has no argument --publish-metrcs; did you mean "publish-metrics"?
  16 |   flags: [--publish-stats, --publish-metrcs]
     |                            ^^^^^^^^^^^^^^^^`);
});

/** What is said of words of the command with a release of Dynamo. */
function saidOfFlags(version: string, flags: string): string {
  return report(`name: r1
gpu: gb200
model: {path: /models/r1}
slurm: {account: a, partition: b, time: 4h}
dynamo: {version: ${version}}
engine: {type: trtllm}
aggregated: {nodes: 1, flags: [${flags}]}
`);
}

test('a flag that Dynamo replaces by two before its parser sees it', () => {
  expect(
    saidOfFlags('1.6.1', '--publish-events-and-metrics'),
  ).toBe(`c.yaml:7:32  warning: aggregated.flags[0]: --publish-events-and-metrics is deprecated in dynamo.trtllm of Dynamo 1.6.1
  7 | aggregated: {nodes: 1, flags: [--publish-events-and-metrics]}
    |                                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  hint: use --publish-kv-events and --publish-metrics instead`);
});

test.each([
  ['1.2.1', '--publish-events-and-metrics'],
  ['1.5.1', '--publish-events-and-metrics'],
  ['1.6.1', '--no-publish-events-and-metrics'],
  ['1.1.0', '--trtllm.kv_cache_config.free_gpu_memory_fraction, "0.7"'],
  ['1.6.1', '--trtllm.max_seq_len, "4096"'],
  ['1.6.1', '--trtllm.tensor_parallel_size, "4"'],
])('Dynamo %s takes %s', (version, flags) => {
  expect(saidOfFlags(version, flags)).toBe('');
});

test.each([
  [
    '1.0.2',
    '--trtllm.max_seq_len, "4096"',
    `c.yaml:7:32  warning: aggregated.flags[0]: dynamo.trtllm of Dynamo 1.0.2 has no argument --trtllm yet
  7 | aggregated: {nodes: 1, flags: [--trtllm.max_seq_len, "4096"]}
    |                                ^^^^^^^^^^^^^^^^^^^^
  hint: it was added in Dynamo 1.1.0`,
  ],
  [
    '1.6.1',
    '--trtllm.tensor_parallel_size, "2"',
    `c.yaml:7:32  aggregated.flags[0]: --trtllm.tensor_parallel_size is set by dyn-slurm, to 4 from aggregated.tp
  7 | aggregated: {nodes: 1, flags: [--trtllm.tensor_parallel_size, "2"]}
    |                                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  hint: remove it here, and set aggregated.tp instead`,
  ],
])('Dynamo %s and %s', (version, flags, expected) => {
  expect(saidOfFlags(version, flags)).toBe(expected);
});

const T = 'TensorRT-LLM 1.3.0rc29';

test.each<[Readonly<Record<string, unknown>>, string]>([
  [
    { enable_block_reuse: true },
    `enable_block_reuse: ${T} has no key "enable_block_reuse" | it is a key of kv_cache_config`,
  ],
  [
    { kv_cache_config: { enable_attention_dp: true } },
    `kv_cache_config.enable_attention_dp: ${T} has no key "enable_attention_dp" in kv_cache_config | it belongs one level up`,
  ],
  [
    { kv_cache_config: { block_reuse_config: { polcy: 'per_request' } } },
    `kv_cache_config.block_reuse_config.polcy: ${T} has no key "polcy" in kv_cache_config.block_reuse_config; did you mean "policy"?`,
  ],
  [
    { sampler_type: 'auto' },
    `sampler_type: ${T} has no key "sampler_type" | TensorRT-LLM 1.3.0rc14 still had it; remove it`,
  ],
  [
    { video_pruning_rate: 0.5 },
    `video_pruning_rate: ${T} has no key "video_pruning_rate" | TensorRT-LLM 1.3.0rc14 still had it; use multimodal_config.video_pruning_rate instead`,
  ],
])('%j', (args, expected) => {
  expect(said(args)).toEqual([`warning decode.args.${expected}`]);
});

test.each<[string, Readonly<Record<string, unknown>>]>([
  ['values of all kinds', { cuda_graph_config: null, trust_remote_code: false, max_batch_size: 8 }],
  ['names with dashes', { 'max-batch-size': 8, 'kv-cache-config': { 'free-gpu-memory-fraction': 0.8 } }],
  ['maps of which no keys are known', { lora_config: { any: 1 }, model_kwargs: { any: { more: 1 } } }],
  ['choices', { moe_config: { backend: 'CUTEDSL' }, cache_transceiver_config: { backend: 'UCX' } }],
])('nothing is said of %s', (_, args) => {
  expect(said(args)).toEqual([]);
});

test.each<[string, Readonly<Record<string, unknown>>, readonly string[]]>([
  [
    '1.0.0',
    { custom_tokenizer: 'x' },
    [
      'warning decode.args.custom_tokenizer: TensorRT-LLM 1.0.0 has no key "custom_tokenizer" yet | TensorRT-LLM 1.2.0 has it',
    ],
  ],
  ['1.0.0', { build_config: { max_batch_size: 8 } }, []],
  // Between two releases of the table, what either takes is taken, and values are not checked.
  ['1.3.0rc24', { video_pruning_rate: 0.5, num_serve_frontends: 2, moe_config: { backend: 'WIDEEP' } }, []],
  ['1.2.0rc6.post1', { enable_trtllm_sampler: true, custom_tokenizer: 'x' }, []],
  [
    '1.4.0rc0',
    { max_batchsize: 8, moe_config: { backend: 'NEW' } },
    [
      'warning decode.args.max_batchsize: TensorRT-LLM 1.3.0rc29, the newest release that dyn-slurm knows, has no key "max_batchsize"; did you mean "max_batch_size"?',
    ],
  ],
])('TensorRT-LLM %s: %j', (release, args, expected) => {
  expect(said(args, release)).toEqual(expected);
});

test('a folder of runs that the launcher would split is refused', () => {
  const config = `name: r1
gpu: gb200
model: {path: /models/r1}
slurm: {account: a, partition: b, time: 4h}
engine: trtllm
aggregated: {nodes: 1}
`;
  const said = (runs: string) => report(config, { cluster: [`runs_dir: ${runs}\n`] });
  expect(said('/lustre/my runs')).toContain(
    'engine: trtllm-llmapi-launch splits words at spaces and expands them, so the engine\'s file would not be found in "/lustre/my runs", the runs_dir of the cluster profile',
  );
  expect(said('/lustre/runs')).toBe('');
});
