import { expect, test } from 'vitest';
import { argText } from '../../../src/argument.ts';
import type { StepBody } from '../../../src/plan/plan.ts';
import { environmentFile } from '../../../src/render/step-files.ts';
import { planOf, sampleJob } from './sample-job.ts';

type Sections = Readonly<Record<string, unknown>>;

function worker(sections: Sections, cluster: Sections = {}): StepBody {
  const { steps } = planOf(sampleJob({ aggregated: {}, ...sections }, cluster));
  const found = steps.find(({ kind }) => kind === 'worker');
  if (found === undefined) throw new Error('no worker');
  return found;
}

const folder = (sections: Sections, cluster: Sections = {}): string | undefined => {
  const { kernels } = worker(sections, cluster);
  return kernels && argText(kernels.folder);
};

const RUNS = '${RUN_DIR%/*}/.kernels';

test.each<[string, Sections, Sections, string | undefined]>([
  ['engine, release and GPU', {}, {}, `${RUNS}/sglang-0.5.21/h100/host`],
  ['another GPU', { gpu: 'b200' }, {}, `${RUNS}/sglang-0.5.21/b200/host`],
  ['another engine', { engine: { type: 'vllm', version: '0.33.0' } }, {}, `${RUNS}/vllm-0.33.0/h100/host`],
  [
    'an image',
    { container: { image: 'nvcr.io/nvidia/ai-dynamo/sglang-runtime:1.6.1' } },
    {},
    `${RUNS}/sglang-0.5.21/h100/sglang-runtime-1.6.1-c72a4f86`,
  ],
  [
    'an image of the same name elsewhere',
    { container: { image: 'example.org/sglang-runtime:1.6.1' } },
    {},
    `${RUNS}/sglang-0.5.21/h100/sglang-runtime-1.6.1-57d79edd`,
  ],
  ['the folder of the site', {}, { kernel_cache: '/scratch/k/' }, '/scratch/k/sglang-0.5.21/h100/host'],
  ['no cache', {}, { kernel_cache: false }, undefined],
  ['an engine that compiles nothing', { engine: { type: 'mocker' } }, {}, undefined],
])('kernels are kept by %s', (_, sections, cluster, expected) => {
  expect(folder(sections, cluster)).toBe(expected);
});

/** Names of the variables, and the part of the cache that each leads to. */
const variables = (sections: Sections) =>
  Object.entries(worker(sections).kernels?.env ?? {}).map(([name, word]) => `${name}=${argText(word)}`);

const SHARED = [
  'TRITON_CACHE_DIR=${KERNELS}/triton',
  'TORCHINDUCTOR_CACHE_DIR=${KERNELS}/inductor',
  'FLASHINFER_WORKSPACE_BASE=${KERNELS}/flashinfer',
  'CUDA_CACHE_PATH=${KERNELS}/cuda',
  'TVM_FFI_CACHE_DIR=${KERNELS}/tvm-ffi',
  'TILELANG_CACHE_DIR=${KERNELS}/tilelang',
];

test.each<[string, Sections, readonly string[]]>([
  [
    'SGLang',
    {},
    [
      ...SHARED,
      'SGLANG_CACHE_DIR=${KERNELS}/sglang',
      'SGLANG_JIT_CACHE_DIR=${KERNELS}/sglang-jit',
      'SGLANG_DG_CACHE_DIR=${KERNELS}/deep_gemm',
    ],
  ],
  [
    'SGLang before it renamed its variable',
    { engine: { version: '0.5.2' } },
    [
      ...SHARED,
      'SGLANG_CACHE_DIR=${KERNELS}/sglang',
      'SGLANG_JIT_CACHE_DIR=${KERNELS}/sglang-jit',
      'SGL_DG_CACHE_DIR=${KERNELS}/deep_gemm',
    ],
  ],
  [
    'vLLM',
    { engine: { type: 'vllm' } },
    [...SHARED, 'VLLM_CACHE_ROOT=${KERNELS}/vllm', 'DG_JIT_CACHE_DIR=${KERNELS}/deep_gemm'],
  ],
  ['TensorRT-LLM', { engine: { type: 'trtllm' } }, [...SHARED, 'TRTLLM_DG_CACHE_DIR=${KERNELS}/deep_gemm']],
])('the variables of %s', (_, sections, expected) => {
  expect(variables(sections)).toEqual(expected);
});

test('what the config sets wins', () => {
  const text = environmentFile(worker({ aggregated: { env: { TRITON_CACHE_DIR: '/mine' } } }));
  expect(text.match(/TRITON_CACHE_DIR=.*/g)).toEqual(['TRITON_CACHE_DIR=/mine']);
});
