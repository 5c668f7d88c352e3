import { expect, test } from 'vitest';
import { jobEngine } from '../../../src/engines/engines.ts';
import { report } from '../config/report.ts';
import { sampleJob } from '../plan/sample-job.ts';

type Sections = Readonly<Record<string, unknown>>;

/** What the engine says of prefill and decode workers, without hints and reasons. */
function said(type: string, prefill: Sections, decode: Sections, more: Sections = {}): readonly string[] {
  const job = sampleJob({ engine: { type }, prefill: { args: prefill }, decode: { args: decode }, ...more });
  return [...jobEngine(job).checkRoles(job)].map(
    ({ severity, path, related, message }) =>
      `${severity} ${path.join('.')} | ${related?.join('.')} | ${message.replace(/[;:] .*/, '')}`,
  );
}

const NIXL = { kv_connector: 'NixlConnector', kv_role: 'kv_both' };
const STORE = { kv_connector: 'MooncakeStoreConnector', kv_role: 'kv_both' };
const several = (...connectors: readonly Sections[]) => ({
  kv_connector: 'MultiConnector',
  kv_role: 'kv_both',
  kv_connector_extra_config: { connectors },
});
const over = (...backends: readonly string[]) => ({ ...NIXL, kv_connector_extra_config: { backends } });
const transfer = (value: Sections) => ({ 'kv-transfer-config': JSON.stringify(value) });

test.each<[Sections, Sections, string]>([
  [
    transfer(NIXL),
    transfer({ kv_connector: 'MooncakeConnector', kv_role: 'kv_consumer' }),
    'error decode.args.kv-transfer-config | prefill.args.kv-transfer-config | is MooncakeConnector, but prefill workers have NixlConnector',
  ],
  [
    transfer(several(STORE, { kv_connector: 'OffloadingConnector' })),
    {},
    'warning decode | prefill.args.kv-transfer-config | is NixlConnector, but prefill workers have MooncakeStoreConnector and OffloadingConnector',
  ],
  [
    { kv_transfer_config: over('UCX') },
    { kv_transfer_config: over('LIBFABRIC', 'GDS') },
    'error decode.args.kv_transfer_config | prefill.args.kv_transfer_config | has NIXL use LIBFABRIC or GDS, but prefill workers have it use UCX',
  ],
  [
    { 'kv-cache-dtype': 'fp8' },
    { 'kv-cache-dtype': 'fp8_e5m2' },
    'error decode.args.kv-cache-dtype | prefill.args.kv-cache-dtype | is fp8_e5m2, but prefill.args.kv-cache-dtype is fp8',
  ],
  [
    { 'kv-cache-dtype': 'fp8' },
    {},
    "warning prefill.args.kv-cache-dtype | decode | is fp8, but decode has vLLM's default, which depends on the model",
  ],
  [
    { 'kv-cache-dtype': 'fp8' },
    { 'kv-cache-dtype': 'auto' },
    'warning prefill.args.kv-cache-dtype | decode.args.kv-cache-dtype | is fp8, but decode.args.kv-cache-dtype is auto, which depends on the model',
  ],
  [
    { 'block-size': 64 },
    { 'block-size': 16 },
    'error decode.args.block-size | prefill.args.block-size | is 16, but prefill.args.block-size is 64',
  ],
  [
    { 'attention-backend': 'FLASHINFER_MLA' },
    { 'attention-backend': 'FLASHMLA' },
    'error decode.args.attention-backend | prefill.args.attention-backend | is FLASHMLA, but prefill.args.attention-backend is FLASHINFER_MLA',
  ],
  [
    { quantization: 'fp8' },
    { quantization: 'modelopt_fp4' },
    'error decode.args.quantization | prefill.args.quantization | is modelopt_fp4, but prefill.args.quantization is fp8',
  ],
])('vLLM: prefill %j and decode %j', (prefill, decode, problem) => {
  expect(said('vllm', prefill, decode)).toEqual([problem]);
});

test.each<[Sections, Sections]>([
  [{}, {}],
  [{}, transfer(NIXL)],
  [transfer({ ...NIXL, kv_connector: 'NixlPullConnector' }), {}],
  [transfer(several(NIXL, STORE)), transfer(NIXL)],
  [transfer(several(over('LIBFABRIC'), STORE)), transfer(several(over('UCX'), STORE))],
  [transfer({ ...STORE, kv_connector: 'Own', kv_connector_module_path: 'own.connector' }), {}],
  [transfer(over('UCX', 'GDS')), {}],
  [transfer({ kv_connector: 'MultiConnector', kv_role: 'kv_both' }), {}],
  [{ 'kv-cache-dtype': 'fp8' }, { kv_cache_dtype: 'fp8_e4m3' }],
  [{ 'kv-cache-dtype': 'auto' }, {}],
  [{ 'block-size': 16 }, { 'block-size': 64 }],
  [{ 'block-size': 16 }, {}],
  [{ 'attention-backend': 'FLASHMLA' }, {}],
  [{ 'attention-backend': 'flashmla' }, { 'attention-backend': 'FLASHMLA' }],
  [
    {
      'attention-backend': 'FLASHINFER_MLA',
      ...transfer({ ...NIXL, kv_connector_extra_config: { enforce_handshake_compat: false } }),
    },
    { 'attention-backend': 'FLASHMLA' },
  ],
  [{ 'kv-transfer-config': 'not JSON' }, { 'block-size': 16 }],
  [{ 'gpu-memory-utilization': 0.8 }, { 'gpu-memory-utilization': 0.9 }],
])('vLLM: prefill %j fits decode %j', (prefill, decode) => {
  expect(said('vllm', prefill, decode)).toEqual([]);
});

test('vLLM before 0.12 transfers blocks of one size', () => {
  const engine = { type: 'vllm', version: '0.11.0' };
  expect(said('vllm', { 'block-size': 16 }, { 'block-size': 64 }, { engine })).toEqual([
    'error decode.args.block-size | prefill.args.block-size | is 64, but prefill.args.block-size is 16',
  ]);
  const backends = [{ 'attention-backend': 'A' }, { 'attention-backend': 'B' }] as const;
  expect(said('vllm', ...backends, { engine })).toEqual([]);
});

test('vLLM: one tensor parallel size divides the other', () => {
  const sizes = (from: unknown, to: unknown) => {
    const job = sampleJob({ engine: { type: 'vllm' }, prefill: { tp: from }, decode: { tp: to } });
    return [...jobEngine(job).checkRoles(job)].map(({ path, message }) => `${path.join('.')}: ${message}`);
  };
  expect(sizes(6, 4)).toEqual([
    'decode.tp: is 4, but prefill.tp is 6: NIXL transfers KV caches only where one divides the other',
  ]);
  expect([sizes(2, 8), sizes(8, 2), sizes(4, 4), sizes(undefined, 3), sizes('gpus', 3)].flat()).toEqual([]);
});

const cache = (kv_cache_config: Sections) => ({ kv_cache_config });
const backend = (name: string) => ({ cache_transceiver_config: { backend: name } });

test.each<[Sections, Sections, string]>([
  [
    backend('UCX'),
    backend('NIXL'),
    'error decode.args.cache_transceiver_config.backend | prefill.args.cache_transceiver_config.backend | is NIXL, but prefill.args.cache_transceiver_config.backend is UCX',
  ],
  [
    backend('UCX'),
    backend('DEFAULT'),
    'warning prefill.args.cache_transceiver_config.backend | decode.args.cache_transceiver_config.backend | is UCX, but decode.args.cache_transceiver_config.backend is DEFAULT, which depends on the release',
  ],
  [
    cache({ tokens_per_block: 64 }),
    cache({ tokens_per_block: 32 }),
    'error decode.args.kv_cache_config.tokens_per_block | prefill.args.kv_cache_config.tokens_per_block | is 32, but prefill.args.kv_cache_config.tokens_per_block is 64',
  ],
  [
    {},
    { 'kv-cache-config': { 'tokens-per-block': 128 } },
    "warning decode.args.kv-cache-config.tokens-per-block | prefill | is 128, but prefill has TensorRT-LLM's default, which depends on the model and the GPU",
  ],
  [
    cache({ dtype: 'fp8' }),
    cache({ dtype: 'bfloat16' }),
    'error decode.args.kv_cache_config.dtype | prefill.args.kv_cache_config.dtype | is bfloat16, but prefill.args.kv_cache_config.dtype is fp8',
  ],
  [
    cache({ dtype: 'fp8' }),
    {},
    "warning prefill.args.kv_cache_config.dtype | decode | is fp8, but decode has TensorRT-LLM's default, which depends on the model",
  ],
])('TensorRT-LLM: prefill %j and decode %j', (prefill, decode, problem) => {
  expect(said('trtllm', prefill, decode)).toEqual([problem]);
});

test.each<[Sections, Sections]>([
  [{}, {}],
  [backend('UCX'), backend('ucx')],
  [backend('DEFAULT'), {}],
  [cache({ dtype: 'fp8', tokens_per_block: 64 }), cache({ tokens_per_block: '64', dtype: 'fp8' })],
  [cache({ dtype: 'auto' }), {}],
  [cache({ free_gpu_memory_fraction: 0.5 }), cache({ free_gpu_memory_fraction: 0.8 })],
  [{ cuda_graph_config: null, kv_cache_config: null }, {}],
])('TensorRT-LLM: prefill %j fits decode %j', (prefill, decode) => {
  expect(said('trtllm', prefill, decode)).toEqual([]);
});

test('both places are shown, with a hint', () => {
  const config = `name: r1
gpu: h100
engine: vllm
model: {path: /m, served_name: m}
slurm: {account: a, partition: b, time: 4h}
prefill: {nodes: 1, args: {kv-cache-dtype: fp8}}
decode: {nodes: 1, args: {kv-cache-dtype: bfloat16}}
`;
  expect(
    report(config),
  ).toBe(`c.yaml:7:43  decode.args.kv-cache-dtype: is bfloat16, but prefill.args.kv-cache-dtype is fp8; the KV cache would have two formats
  7 | decode: {nodes: 1, args: {kv-cache-dtype: bfloat16}}
    |                                           ^^^^^^^^
  c.yaml:6:44  prefill.args.kv-cache-dtype
  6 | prefill: {nodes: 1, args: {kv-cache-dtype: fp8}}
    |                                            ^^^
  hint: write the same kv-cache-dtype in prefill.args and decode.args`);
});
