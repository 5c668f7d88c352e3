import { expect, test } from 'vitest';
import { pinnedReleases } from '../../../src/config/compat/engine-table.ts';
import { applyRenames, FLAG_RENAMES } from '../../../src/config/compat/flag-renames.ts';

const of = pinnedReleases;

const NEWER = {
  args: { 'page-size': 1, 'moe-a2a-backend': 'deepep', 'deepep-mode': 'auto' },
  env: { A: 'b' },
};
const OLDER = { args: { 'page-size': 1, 'enable-deepep-moe': true, 'deepep-mode': 'auto' }, env: { A: 'b' } };

test.each([
  ['an older name, for a newer release', OLDER, '1.6.1', NEWER],
  ['a newer name, for an older release', NEWER, '0.4.0', OLDER],
  ['its own name', NEWER, '1.6.1', NEWER],
  ['its own older name', OLDER, '0.4.1', OLDER],
  [
    'another value of the newer name',
    { args: { 'moe-a2a-backend': 'mooncake' }, env: {} },
    '0.4.0',
    { args: { 'moe-a2a-backend': 'mooncake' }, env: {} },
  ],
  [
    'an argument that an older release takes from a variable of several values',
    { args: { 'fp4-gemm-backend': 'flashinfer_cutlass' }, env: {} },
    '0.7.0',
    { args: {}, env: { SGLANG_FLASHINFER_FP4_GEMM_BACKEND: 'cutlass' } },
  ],
  [
    'underscores',
    { args: { cuda_graph_bs: [1, 2] }, env: {} },
    '1.6.1',
    { args: { 'cuda-graph-bs-decode': [1, 2] }, env: {} },
  ],
  [
    'one argument under both names',
    { args: { 'cuda-graph-bs': 1, 'cuda-graph-bs-decode': 2 }, env: {} },
    '1.6.1',
    { args: { 'cuda-graph-bs-decode': 2 }, env: {} },
  ],
  [
    'an argument that is gone',
    { args: { 'prefill-round-robin-balance': true, 'page-size': 1 }, env: {} },
    '1.6.0',
    { args: { 'page-size': 1 }, env: {} },
  ],
  [
    'a variable of the opposite sense',
    { args: {}, env: { SGLANG_ENABLE_TP_MEMORY_INBALANCE_CHECK: 'false', B: 'c' } },
    '0.8.1',
    { args: {}, env: { SGLANG_DISABLE_TP_MEMORY_INBALANCE_CHECK: '1', B: 'c' } },
  ],
  [
    'a variable that became an argument',
    { args: { 'page-size': 1 }, env: { SGLANG_ENABLE_FLASHINFER_GEMM: 'true' } },
    '0.8.0',
    { args: { 'page-size': 1, 'fp8-gemm-backend': 'flashinfer_trtllm' }, env: {} },
  ],
  [
    'a variable that became an argument which is given',
    { args: { 'fp8-gemm-backend': 'triton' }, env: { SGLANG_ENABLE_FLASHINFER_GEMM: true } },
    '1.6.1',
    { args: { 'fp8-gemm-backend': 'triton' }, env: {} },
  ],
  [
    'a secret, as it is',
    { args: {}, env: { SGL_DG_CACHE_DIR: { from_env: 'CACHE' } } },
    '1.6.1',
    { args: {}, env: { SGLANG_DG_CACHE_DIR: { from_env: 'CACHE' } } },
  ],
])('%s', (_, settings, release, written) => {
  expect(applyRenames(settings, of(release), 'decode')).toEqual(written);
});

test('two flags of one sense become one, in its place', () => {
  const args = { 'chat-template': 'a', 'enable-multimodal': true, tp: 1, 'dedicated-mm-encoder': true };
  const older = applyRenames({ args, env: {} }, of('1.2.1'), 'decode').args;
  expect(Object.entries(older)).toEqual([
    ['chat-template', 'a'],
    ['multimodal-worker', true],
    ['tp', 1],
  ]);
});

test.each([
  ['encode', { 'multimodal-encode-worker': true }],
  ['decode', { 'enable-multimodal': true }],
] as const)('a rule of one role leaves others alone: %s', (role, args) => {
  expect(applyRenames({ args: { 'enable-multimodal': true }, env: {} }, of('1.0.2'), role).args).toEqual(
    args,
  );
});

test("the frontend's flags have rules of their own", () => {
  const settings = { args: { 'router-reset-states': true }, env: {} };
  expect(applyRenames(settings, of('1.4.0'), 'frontend').args).toEqual({});
  expect(applyRenames(settings, of('1.3.1'), 'frontend').args).toEqual(settings.args);
  expect(applyRenames(settings, of('1.4.0'), 'router').args).toEqual(settings.args);
});

test('releases are numbers with dots', () => {
  for (const { since } of FLAG_RENAMES)
    expect(Object.values(since)).toEqual([expect.stringMatching(/^\d+(\.\d+){1,2}(\.post\d+)?$/)]);
});
