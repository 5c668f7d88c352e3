import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { topologies } from '../../../../src/cli/commands/config/topologies.ts';
import { run } from '../../../../src/cli/program.ts';
import { packageRoot, testWorld } from '../../../world.ts';

test('lists all of them, one a line', async () => {
  const world = testWorld();
  expect(await topologies(undefined, {}, world)).toBe(0);
  await expect(world.stdout()).toMatchFileSnapshot('topologies.txt');
  expect(world.stdout().trimEnd().split('\n')).toHaveLength(1 + 54);
});

test('gives the list as data', async () => {
  const world = testWorld();
  expect(await topologies(undefined, { json: true }, world)).toBe(0);
  const all = JSON.parse(world.stdout()) as { name: string }[];
  expect(all).toHaveLength(54);
  expect(all.find(({ name }) => name === 'docs-dsr1-wideep-gb200-2p12d')).toMatchObject({
    model: 'deepseek-ai/DeepSeek-R1',
    gpu: 'gb200',
    engine: 'sglang',
    goal: 'throughput',
    precision: 'FP8',
    source: {
      repo: 'ai-dynamo/dynamo',
      path: 'docs/backends/sglang/dsr1-wideep-gb200.md',
      date: '2025-09',
      license: 'Apache-2.0',
    },
    roles: [
      { role: 'prefill', workers: 1, nodesPerWorker: 2, gpusPerWorker: 8 },
      { role: 'decode', workers: 1, nodesPerWorker: 12, gpusPerWorker: 48 },
    ],
  });
});

test('shows one as its file has it', async () => {
  const world = testWorld();
  expect(await topologies('launch-disagg', {}, world)).toBe(0);
  expect(world.stdout()).toBe(
    readFileSync(join(packageRoot, 'configs/topologies/launch-disagg.yaml'), 'utf8'),
  );
});

test.each([
  ['launch-disag', 'there is no topology "launch-disag"; did you mean "launch-disagg"?'],
  ['../clusters/local', 'there is no topology "../clusters/local"'],
])('does not know %s', async (name, message) => {
  await expect(topologies(name, {}, testWorld())).rejects.toMatchObject({ code: 'usage', message });
});

test('filters of the command line', async () => {
  const world = testWorld();
  const argv = ['topologies', '--model', 'wide-ep', '--gpu', 'h100'];
  await expect(run(argv, '1.2.3', world)).rejects.toMatchObject({
    code: 'usage',
    message: 'no topology serves a model whose name has "wide-ep"',
  });
  const more = ['topologies', '--model', 'deepseek', '--gpu', 'h100', '--newer-than', '2025-11', '--json'];
  expect(await run(more, '1.2.3', world)).toBe(0);
  const found = JSON.parse(world.stdout()) as { name: string }[];
  expect(found.map(({ name }) => name)).toEqual([
    'docs-dsr1-wideep-h100',
    'docs-multinode-tp16',
    'dsr1-h100-1p1d-dep16',
  ]);
});

test.each(['soon', '0d', '2026-02-30', '2026-13', '26-01-01'])('--newer-than %s is refused', async (time) => {
  const world = testWorld();
  expect(await run(['topologies', '--newer-than', time], '1.2.3', world)).toBe(2);
  expect(world.stderr()).toContain(`argument '${time}' is invalid. Write it as 90d, 2026-08-01 or 2026-08.`);
});

test('a filter does not go with a name', async () => {
  const world = testWorld();
  await expect(run(['topologies', 'launch-agg', '--gpu', 'any'], '1.2.3', world)).rejects.toMatchObject({
    code: 'usage',
    message: 'options that filter topologies do not go with the name of one',
    hint: '`dyn-slurm topologies launch-agg` shows it',
  });
});
