import { expect, test } from 'vitest';
import { GPUS, gpuModel, gpusPerNode } from '../../../src/config/schema/gpu.ts';

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
