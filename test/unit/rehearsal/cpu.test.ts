import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadJob } from '../../../src/cli/runs/config/load.ts';
import { cpuVariables } from '../../../src/rehearsal/cpu.ts';
import { enginePlace, findEngine, stampFile } from '../../../src/rehearsal/engines/place.ts';
import { rehearsable } from '../../../src/rehearsal/rehearsable.ts';
import { packageRoot, temporaryFolder, testWorld } from '../../world.ts';

async function planOf(text: string) {
  const world = testWorld();
  const slurm = 'slurm: {account: a, partition: p, time: 1h}\n';
  writeFileSync(join(world.cwd, 'config.yaml'), `name: t\ngpu: h100\nmodel: {path: /m}\n${slurm}${text}`);
  const { plan, diagnostics } = await loadJob('config.yaml', {}, world);
  if (plan === undefined) throw new Error(JSON.stringify(diagnostics));
  return plan;
}

test.each([
  ['aggregated: {workers: 2, gpus_per_worker: 1}\n', undefined],
  [
    'prefill: {workers: 1, gpus_per_worker: 1}\ndecode: {workers: 1, gpus_per_worker: 1}\n',
    'cannot be rehearsed: on a CPU, prefill and decode workers cannot hand over their KV cache; use aggregated workers, or mock engines',
  ],
  [
    'engine: vllm\naggregated: {workers: 1, gpus_per_worker: 1}\n',
    'cannot be rehearsed: the CPU engine is SGLang under Dynamo, and this worker runs dynamo.vllm',
  ],
  [
    'aggregated: {workers: 1, gpus_per_worker: 1, args: {embedding-worker: true}}\n',
    'cannot be rehearsed: the tiny model of the CPU engine only completes text',
  ],
])('on a CPU: %j', async (text, message) => {
  expect(rehearsable(await planOf(text), 'cpu')?.message).toBe(message);
});

test('the engine has to be installed, and memory to be free', async () => {
  const world = { env: {}, home: temporaryFolder(), packageRoot };
  const plan = await planOf('aggregated: {workers: 1, gpus_per_worker: 1}\n');
  expect(() => cpuVariables(plan, world)).toThrow(
    expect.objectContaining({
      code: 'preflight',
      message: "SGLang's CPU engine is not installed",
      hint: '`dyn-slurm setup --engine sglang-cpu` installs it, with 3 GB of downloads',
    }),
  );
  const place = enginePlace('sglang-cpu', world);
  mkdirSync(join(place.folder, 'venv/bin'), { recursive: true });
  writeFileSync(join(place.folder, 'venv/bin/python'), '');
  expect(findEngine(place)).toBeUndefined();
  writeFileSync(stampFile(place.folder), '{}\n');
  const many = { ...plan, workers: Array.from({ length: 5000 }, () => plan.workers[0] as never) };
  expect(() => cpuVariables(many, world)).toThrow(
    /^SGLang's CPU engine needs about 3 GiB of memory for each worker, 15000 GiB for 5000; [\d.]+ GiB are available$/,
  );
  expect(cpuVariables({ ...plan, workers: [] }, world)).toEqual({
    DYN_SLURM_STANDIN_ENGINE: `cpu:${place.folder}/venv/bin/python`,
  });
});
