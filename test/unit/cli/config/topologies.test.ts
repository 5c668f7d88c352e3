import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { topologies } from '../../../../src/cli/commands/config/topologies.ts';
import { packageRoot, testWorld } from '../../../world.ts';

test('lists all of them, one a line', async () => {
  const world = testWorld();
  expect(await topologies(undefined, {}, world)).toBe(0);
  await expect(world.stdout()).toMatchFileSnapshot('topologies.txt');
  expect(world.stdout().trimEnd().split('\n')).toHaveLength(1 + 39);
});

test('gives the list as data', async () => {
  const world = testWorld();
  expect(await topologies(undefined, { json: true }, world)).toBe(0);
  const all = JSON.parse(world.stdout()) as { name: string }[];
  expect(all).toHaveLength(39);
  expect(all.find(({ name }) => name === 'docs-dsr1-wideep-gb200-2p12d')).toMatchObject({
    gpu: 'gb200',
    precision: 'FP8',
    source: { repo: 'ai-dynamo/dynamo', path: 'docs/backends/sglang/dsr1-wideep-gb200.md' },
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
