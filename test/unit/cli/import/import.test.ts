import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { run } from '../../../../src/cli/program.ts';
import { put, type TestWorld, testWorld } from '../../../world.ts';

const RECIPE = `# A header.
name: small
model: {path: small, container: sglang, precision: fp8}
resources: {gpu_type: h100, gpus_per_node: 8, agg_nodes: 1, agg_workers: 1}
slurm: {time_limit: "01:00:00"}
dynamo: {install: false}
identity: {frameworks: {dynamo: 1.4.2}}
frontend: {enable_multiple_frontends: false}
setup_script: install.sh
backend:
  sglang_config:
    aggregated: {tensor-parallel-size: 8, mem-fraction-static: 0.80}
`;

const VARIANTS = `base:
${RECIPE.replace(/^# .*\n/, '').replace(/^(?=.)/gm, '  ')}override_low:
  backend: {sglang_config: {aggregated: {max-running-requests: 8}}}
override_high:
  backend: {sglang_config: {aggregated: {max-running-requests: 64}}}
`;

const PROFILE = `default_account: acme
default_partition: batch
model_paths: {small: /lustre/models/small}
containers: {sglang: /lustre/images/sglang.sqsh}
`;

async function dynSlurm(world: TestWorld, ...args: readonly string[]): Promise<number> {
  return run(args, '1.2.3', world);
}

test('one recipe goes to standard output, and what is not in it to standard error', async () => {
  const world = testWorld();
  put(world, { 'recipe.yaml': RECIPE });
  expect(await dynSlurm(world, 'import', 'recipe.yaml')).toBe(0);
  expect(world.stdout()).toBe(`# Imported by dyn-slurm from recipe.yaml
# precision: fp8
# identity.frameworks.dynamo: 1.4.2
#
# A header.

name: small
gpu: h100

model:
  path: small

container:
  image: sglang

slurm:
  time: 1h

aggregated:
  nodes: 1
  tp: 8
  args:
    mem-fraction-static: 0.80

dynamo:
  version: 1.4.2
`);
  expect(
    world.stderr(),
  ).toBe(`recipe.yaml:3:9  check: model.path: "small" is an alias of the cluster that the recipe was written for
  hint: write the path, or name it under models in the cluster profile
recipe.yaml:3:22  check: model.container: "sglang" is an alias of the cluster that the recipe was written for
  hint: write the image, or name it under images in the cluster profile
recipe.yaml:7:25  note: identity.frameworks.dynamo: dynamo.version is 1.4.2, the release that the recipe expects
recipe.yaml:9:1  not carried over: setup_script: install.sh is a script of srt-slurm's folder configs/, which the recipe does not hold
  hint: copy the script, and name it under setup: {script: FILE}
`);
});

test("srtslurm.yaml says what a cluster's aliases stand for, and whom a job is charged to", async () => {
  const world = testWorld();
  put(world, { 'recipe.yaml': RECIPE, 'srtslurm.yaml': PROFILE });
  expect(
    await dynSlurm(world, 'import', 'recipe.yaml', '--profile', 'srtslurm.yaml', '--out', 'configs'),
  ).toBe(0);
  const text = readFileSync(join(world.cwd, 'configs/small.yaml'), 'utf8');
  expect(text).toContain(`model:
  path: /lustre/models/small

container:
  image: /lustre/images/sglang.sqsh

slurm:
  account: acme
  partition: batch
  time: 1h
`);
  expect(await dynSlurm(world, 'check', 'configs/small.yaml')).toBe(0);
});

test('--select takes one of several variants', async () => {
  const world = testWorld();
  put(world, { 'recipe.yaml': VARIANTS });
  expect(await dynSlurm(world, 'import', 'recipe.yaml', '--select', '*low')).toBe(0);
  expect(world.stdout()).toContain('name: small_low\n');
  expect(world.stdout()).toContain('    max-running-requests: 8\n');
  const other = testWorld();
  put(other, { 'recipe.yaml': VARIANTS });
  expect(await dynSlurm(other, 'import', 'recipe.yaml:override_high')).toBe(0);
  expect(other.stdout()).toContain('    max-running-requests: 64\n');
  const none = testWorld();
  put(none, { 'recipe.yaml': VARIANTS });
  expect(await dynSlurm(none, 'import', 'recipe.yaml', '--select', 'mtp')).toBe(3);
  expect(none.stderr()).toBe(`recipe.yaml:1:1  error: no variant is called mtp
  hint: it has base, override_low, override_high
recipe.yaml: cannot be imported
`);
});

test('a folder keeps its shape, and --check says of each plan whether it is the recipe', async () => {
  const world = testWorld();
  put(world, {
    'recipes/a.yaml': RECIPE,
    'recipes/deep/b.yml': RECIPE.replace('agg_workers: 1', 'agg_workers: 0'),
    'recipes/deep/srtslurm.yaml': PROFILE,
    'recipes/notes.yaml': 'hello: world\n',
  });
  expect(await dynSlurm(world, 'import', 'recipes', '--check', '--out', 'configs')).toBe(3);
  expect(
    world.stderr(),
  ).toBe(`recipes/a.yaml:9:1  not carried over: setup_script: install.sh is a script of srt-slurm's folder configs/, which the recipe does not hold
  hint: copy the script, and name it under setup: {script: FILE}
recipes/a.yaml: imported to configs/a.yaml (1 not carried over, 2 to check, 1 note)
recipes/a.yaml: the plan agrees with the recipe
recipes/deep/b.yml:4:61  error: resources.agg_workers: the recipe has no aggregated workers
  hint: set agg_workers
recipes/deep/b.yml: cannot be imported
recipes/deep/b.yml: has no plan
recipes/deep/srtslurm.yaml: describes a cluster of srt-slurm; give it as --profile to import recipes for it
recipes/notes.yaml: is no recipe of srt-slurm
1 of 2 files imported, 2 are no recipes; of 2 variants 1 agree, 0 differ, 0 are not planned yet, 1 are refused
`);
  expect(readdirSync(join(world.cwd, 'configs'))).toEqual(['a.yaml']);
});

test('nothing is replaced without --force', async () => {
  const world = testWorld();
  put(world, { 'recipe.yaml': RECIPE, 'configs/small.yaml': 'mine\n' });
  await expect(dynSlurm(world, 'import', 'recipe.yaml', '--out', 'configs')).rejects.toThrow(
    'configs/small.yaml: is there already',
  );
  expect(readFileSync(join(world.cwd, 'configs/small.yaml'), 'utf8')).toBe('mine\n');
  expect(await dynSlurm(world, 'import', 'recipe.yaml', '--out', 'configs', '--force')).toBe(0);
  expect(readFileSync(join(world.cwd, 'configs/small.yaml'), 'utf8')).toContain('name: small\n');
});

test('the header names the commit of the checkout that a recipe lies in', async () => {
  const world = testWorld();
  const commit = '0123456789abcdef0123456789abcdef01234567';
  put(world, {
    'repo/.git/HEAD': 'ref: refs/heads/main\n',
    'repo/.git/packed-refs': `# pack-refs\n${commit} refs/heads/main\n`,
    'repo/recipes/recipe.yaml': RECIPE,
  });
  expect(await dynSlurm(world, 'import', 'repo/recipes/recipe.yaml')).toBe(0);
  expect(world.stdout()).toMatch(`# Imported by dyn-slurm from repo/recipes/recipe.yaml, commit ${commit}\n`);
});

test('words of an old command line', async () => {
  const world = testWorld();
  const words =
    'python3 submit_job_script.py --model-dir /m --container-image i --gpu-type gb200-fp8 --job-name mine';
  expect(await dynSlurm(world, 'import', '--', ...words.split(' '))).toBe(0);
  expect(world.stdout()).toBe(`# Imported by dyn-slurm from command line

name: mine
topology: gb200-fp8-disagg-default

model:
  path: /m

container:
  image: i

slurm:
  time: 4h
`);
});

test('JSON has the configs, the findings and the verdicts', async () => {
  const world = testWorld();
  put(world, { 'recipe.yaml': RECIPE });
  expect(await dynSlurm(world, 'import', 'recipe.yaml', '--check', '--json')).toBe(0);
  const { ok, files } = JSON.parse(world.stdout());
  expect(ok).toBe(true);
  expect(files[0]).toMatchObject({
    file: 'recipe.yaml',
    kind: 'recipe',
    configs: [{ name: 'small' }],
    variants: [{ engine: 'sglang', frontend: 'dynamo', imported: true }],
    checks: [{ outcome: 'agrees' }],
  });
  expect(files[0].findings).toHaveLength(4);
});

test.each([
  [RECIPE, 'a recipe of srt-slurm, not a config of dyn-slurm'],
  [`lock: {version: 2}\n${RECIPE}`, 'a lockfile of srt-slurm, not a config of dyn-slurm'],
  [PROFILE, "srt-slurm's description of a cluster, not a config of dyn-slurm"],
])('commands on configs say what a foreign file is', async (text, what) => {
  const world = testWorld();
  put(world, { 'file.yaml': text });
  await expect(dynSlurm(world, 'check', 'file.yaml')).rejects.toThrow(`file.yaml: is ${what}`);
});
