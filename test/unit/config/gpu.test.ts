import { expect, test } from 'vitest';
import { GPUS, gpuModel, gpusPerNode, visibleDevices } from '../../../src/config/schema/gpu.ts';
import { checkGpuVendor } from '../../../src/plan/rules/gpu-vendor.ts';
import { planOf, sampleJob } from '../plan/sample-job.ts';

test.each(Object.entries(GPUS))('%s is found by its name', (name, model) => {
  expect(model.name).toBe(name);
  expect(gpuModel(name)).toBe(model);
});

test.each(['h1000', 'constructor', '__proto__', ''])('%j is no GPU model', (name) => {
  expect(gpuModel(name)).toBeUndefined();
});

test.each([
  ['gb200', {}, 4],
  ['h100', { gpus_per_node: 4 }, 4],
  ['h1000', { gpus_per_node: 2 }, 2],
  ['h1000', {}, undefined],
])('a node of %s on a site with %j has %s GPUs', (gpu, cluster, expected) => {
  expect(gpusPerNode(gpu, cluster)).toBe(expected);
});

test('what a node holds of each model: GPUs, GB of each, GPUs that reach each other directly', () => {
  const facts = Object.values(GPUS).map(
    ({ name, perNode, memory, nvlinkDomain, arch, vendor }) =>
      `${name} ${perNode}×${memory} GB, ${nvlinkDomain}, ${arch}, ${vendor}`,
  );
  expect(facts).toEqual([
    'h100 8×80 GB, 8, x86_64, nvidia',
    'h200 8×141 GB, 8, x86_64, nvidia',
    'b200 8×192 GB, 8, x86_64, nvidia',
    'b300 8×288 GB, 8, x86_64, nvidia',
    'h20 8×141 GB, 8, x86_64, nvidia',
    'gb200 4×192 GB, 72, aarch64, nvidia',
    'gb300 4×288 GB, 72, aarch64, nvidia',
    'a100 8×80 GB, 8, x86_64, nvidia',
    'l40s 8×48 GB, 1, x86_64, nvidia',
    'mi355x 8×288 GB, 8, x86_64, amd',
    'any 8×undefined GB, 8, x86_64, nvidia',
  ]);
});

test.each([
  ['h100', 'CUDA_VISIBLE_DEVICES', 'HIP_VISIBLE_DEVICES'],
  ['mi355x', 'HIP_VISIBLE_DEVICES', 'CUDA_VISIBLE_DEVICES'],
])('a worker on a part of a node of %s gets %s', (gpu, set, unset) => {
  expect(visibleDevices(gpu)).toBe(set);
  const { steps } = planOf(
    sampleJob({ gpu, prefill: { gpus_per_worker: 4 }, decode: { gpus_per_worker: 4 } }),
  );
  const seen = steps.filter(({ role }) => role !== null).map(({ env }) => [env[set], env[unset]]);
  expect(seen).toEqual([
    ['0,1,2,3', undefined],
    ['4,5,6,7', undefined],
  ]);
});

test.each([
  ['mi355x', 'rocm/sgl-dev:20260501', undefined],
  ['mi355x', 'lmsysorg/sglang-rocm:v0.5.16-rocm720-mi35x-20260728', undefined],
  ['mi355x', 'vllm/vllm-openai-rocm:v0.31.0', undefined],
  ['mi355x', '/images/sglang.sqsh', undefined],
  ['mi355x', 'lmsysorg/sglang:v0.5.14-cu130', 'NVIDIA'],
  ['mi355x', 'nvcr.io#nvidia/ai-dynamo/sglang-runtime:1.6.1', 'NVIDIA'],
  ['mi355x', 'nvcr.io/nvidia/ai-dynamo/vllm-runtime:1.6.1', 'NVIDIA'],
  ['h200', 'lmsysorg/sglang:v0.5.14-cu130', undefined],
  ['gb300', 'vllm/vllm-openai:nightly-dev-arm64-cu13.0.1-75c2eef', undefined],
  ['h200', 'rocm/sgl-dev:20260501', 'AMD'],
  ['b200', 'vllm/vllm-openai-rocm:v0.31.0', 'AMD'],
  ['h200', '/images/procmon.sqsh', undefined],
  ['any', 'rocm/sgl-dev:20260501', undefined],
])('on %s the image %s is for %s', (gpu, image, vendor) => {
  const found = [...checkGpuVendor(sampleJob({ gpu, aggregated: {}, container: { image } }))];
  expect(found.map(({ message }) => /for GPUs of (\w+)/.exec(message)?.[1])).toEqual(vendor ? [vendor] : []);
});

test.each([
  [
    'nvidia-smi',
    'mi355x',
    'nvidia-smi knows the GPUs of NVIDIA only, but mi355x is one of AMD',
    'use amd-smi',
  ],
  ['dcgmi', 'mi355x', 'dcgmi knows the GPUs of NVIDIA only, but mi355x is one of AMD', 'use amd-smi'],
  ['amd-smi', 'h200', 'amd-smi knows the GPUs of AMD only, but h200 is one of NVIDIA', 'use nvidia-smi'],
  ['amd-smi', 'mi355x', undefined, ''],
  ['nvidia-smi', 'h200', undefined, ''],
  ['none', 'mi355x', undefined, ''],
])("%s logs a vendor's GPUs only: %s", (log, gpu, message, hint) => {
  const job = sampleJob({ gpu, aggregated: {}, observe: { gpu_log: log } });
  expect([...checkGpuVendor(job)]).toEqual(
    message === undefined
      ? []
      : [
          {
            severity: 'warning',
            path: ['observe', 'gpu_log'],
            message,
            hint: `${hint}; the log would stay empty`,
          },
        ],
  );
});
