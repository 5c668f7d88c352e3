import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadJob } from '../../../src/cli/runs/config/load.ts';
import { rehearsable } from '../../../src/rehearsal/rehearsable.ts';
import { packageRoot, testWorld } from '../../world.ts';

async function problemOf(topology: string, more = '') {
  const world = testWorld();
  const text = `name: t\ntopology: ${topology}\nmodel: {path: /m}\nslurm: {account: a, partition: p, time: 1h}\n`;
  writeFileSync(join(world.cwd, 'config.yaml'), text + more);
  const { plan, diagnostics } = await loadJob('config.yaml', {}, world);
  if (plan === undefined) throw new Error(JSON.stringify(diagnostics));
  return rehearsable(plan);
}

const topologies = readdirSync(join(packageRoot, 'configs/topologies')).map((file) =>
  file.replace('.yaml', ''),
);

test('all topologies can be rehearsed', async () => {
  const problems: Record<string, string> = {};
  for (const name of topologies) {
    const problem = await problemOf(name);
    if (problem !== undefined) problems[name] = `${problem.path.join('.')}: ${problem.message}`;
  }
  expect(problems).toEqual({});
});

const configs = readdirSync(join(packageRoot, 'configs')).filter((file) => file.endsWith('.yaml'));

test.each(configs)('configs/%s can be rehearsed', async (file) => {
  const world = testWorld();
  const { plan, diagnostics } = await loadJob(join(packageRoot, 'configs', file), { anywhere: true }, world);
  expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  expect(plan && rehearsable(plan)).toBeUndefined();
  expect(plan?.workers.length).toBeGreaterThan(0);
});

test("modules of one's own can't be rehearsed", async () => {
  expect(await problemOf('launch-agg', 'aggregated: {module: mine.engine}\n')).toEqual({
    severity: 'error',
    path: ['aggregated'],
    message: 'cannot be rehearsed: there is no mock engine for mine.engine',
    hint: '`dyn-slurm submit --dry-run` shows everything that it would run.',
  });
});

test.each([
  ['vllm', undefined],
  ['mocker', undefined],
  // Its rank is what its launcher says.
  ['trtllm', undefined],
])('an engine that takes the place of %s: %s', async (engine, problem) => {
  const text = `engine: ${engine}\ngpu: gb200\nprefill: {nodes: 1}\ndecode: {nodes: 1}\naggregated: null\n`;
  expect(await problemOf('launch-agg', text)).toBe(problem);
});

test.each([
  ['engine: vllm\naggregated: {args: {embedding-worker: true}}\n', undefined],
  ['engine: vllm\naggregated: {args: {classify-worker: true}}\n', undefined],
  ['aggregated: {args: {rerank-worker: true}}\n', undefined],
  ['aggregated: {args: {image-diffusion-worker: true}}\n', 'no mock engine makes images, video or audio'],
  ['engine: vllm\naggregated: {flags: [--realtime]}\n', 'no mock engine makes images, video or audio'],
  ['engine: trtllm\naggregated: {flags: [--modality, multimodal]}\n', undefined],
  [
    'engine: trtllm\naggregated: {flags: [--modality=video_diffusion]}\n',
    'no mock engine makes images, video or audio',
  ],
])('%j: %s', async (text, why) => {
  expect((await problemOf('launch-agg', text))?.message).toBe(why && `cannot be rehearsed: ${why}`);
});

test("workers under nsys can't be rehearsed", async () => {
  expect(await problemOf('launch-disagg', 'profile: {roles: [decode]}\n')).toMatchObject({
    path: ['decode'],
    message: 'cannot be rehearsed: nsys cannot record mock engines; leave `profile` out of a rehearsal',
  });
});

test('without a cluster profile, a rehearsal makes up what only a profile knows', async () => {
  const world = testWorld();
  const text =
    'name: t\nengine: vllm\ngpu: h100\nmodel: {path: an-alias}\nslurm: {time: 1h}\naggregated: {workers: 8, gpus_per_worker: 1}\n';
  writeFileSync(join(world.cwd, 'config.yaml'), text);
  const strict = await loadJob('config.yaml', {}, world);
  expect(strict.diagnostics.map(({ path, message }) => `${path}: ${message}`)).toEqual([
    'model.path: "an-alias" is neither a path nor a model of the cluster profile "default"',
    'slurm.account: is missing',
    'slurm.partition: is missing',
  ]);
  const { plan, diagnostics } = await loadJob('config.yaml', { anywhere: true }, world);
  expect(diagnostics).toEqual([]);
  expect(plan?.readiness.model).toBe('an-alias');
  // Another profile than `default` is known, or wrong.
  const named = await loadJob('config.yaml', { anywhere: true, set: ['cluster=eos'] }, world);
  expect(named.plan).toBeUndefined();
});
