import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { check } from '../../../../src/cli/commands/config/check.ts';
import { plan } from '../../../../src/cli/commands/config/plan.ts';
import { submit } from '../../../../src/cli/commands/submit/submit.ts';
import { put, SMALL, testWorld } from '../../../world.ts';

test('says what a valid config would take', async () => {
  const world = testWorld();
  put(world, { 'small.yaml': SMALL });
  expect(await check('small.yaml', {}, world)).toBe(0);
  expect(world.stdout()).toBe('small.yaml is valid: 1 node × 8 h100 = 8 GPUs for up to 1h, 8 GPU-hours\n');
  expect(world.stderr()).toBe('');
});

test('reports every problem at once', async () => {
  const world = testWorld();
  put(world, { 'bad.yaml': SMALL.replace('partition', 'partion').replace('time: 1h', 'time: 1:30') });
  expect(await check('bad.yaml', {}, world)).toBe(3);
  expect(world.stdout()).toBe('');
  expect(world.stderr()).toBe(`bad.yaml:4:21  slurm.partion: unknown key; did you mean "partition"?
  4 | slurm: {account: a, partion: p, time: 1:30}
    |                     ^^^^^^^
bad.yaml:4:39  slurm.time: hours or minutes? Slurm reads 1:30 as minutes and seconds; write a duration as 90m, 4h, 1h30m, 2d or 1-12:00:00
  4 | slurm: {account: a, partion: p, time: 1:30}
    |                                       ^^^^
bad.yaml: 2 errors
`);
});

const WARNED = SMALL.replace('workers: 4', 'workers: 3');
const WARNING = `warned.yaml:5:43  warning: aggregated.gpus_per_worker: 2 of the 8 GPUs on 1 node are not used by any worker
  5 | aggregated: {workers: 3, gpus_per_worker: 2}
    |                                           ^
  hint: use more or larger workers to fill the nodes of 8 GPUs
`;

test('warnings are no errors', async () => {
  const world = testWorld();
  put(world, { 'warned.yaml': WARNED });
  expect(await check('warned.yaml', {}, world)).toBe(0);
  expect(world.stderr()).toBe(WARNING);
  expect(world.stdout()).toBe(
    'warned.yaml is valid (1 warning): 1 node × 8 h100 = 8 GPUs (2 idle) for up to 1h, 8 GPU-hours\n',
  );
});

test('unless they are to be', async () => {
  const world = testWorld();
  put(world, { 'warned.yaml': WARNED });
  expect(await check('warned.yaml', { strict: true }, world)).toBe(3);
  expect(world.stderr()).toBe(`${WARNING}warned.yaml: 1 warning\n`);
});

test('shows where each value comes from', async () => {
  const world = testWorld();
  put(world, {
    'small.yaml': SMALL.replace('account: a, ', ''),
    '.config/dyn-slurm/clusters/hopper.yaml': 'account: ours\n',
  });
  expect(await check('small.yaml', { cluster: 'hopper', provenance: true }, world)).toBe(0);
  const lines = world.stdout().split('\n');
  expect(lines.filter((line) => /^(key|name|slurm\.account|slurm\.exclusive) /.test(line))).toEqual([
    expect.stringMatching(/^key +value +from$/),
    expect.stringMatching(/^name +"small" +small\.yaml:1:7$/),
    expect.stringMatching(
      /^slurm\.account +"ours" +cluster hopper \(~\/\.config\/dyn-slurm\/clusters\/hopper\.yaml:1:10\)$/,
    ),
    expect.stringMatching(/^slurm\.exclusive +true +default$/),
  ]);
});

test('gives data', async () => {
  const world = testWorld();
  put(world, { 'bad.yaml': SMALL.replace('partition', 'partion') });
  expect(await check('bad.yaml', { json: true }, world)).toBe(3);
  expect(world.stderr()).toBe('');
  expect(JSON.parse(world.stdout())).toEqual({
    ok: false,
    cluster: 'default',
    diagnostics: [
      {
        severity: 'error',
        file: 'bad.yaml',
        line: 4,
        column: 21,
        length: 7,
        path: 'slurm.partion',
        message: 'unknown key; did you mean "partition"?',
      },
    ],
  });
});

test('reads standard input', async () => {
  const world = testWorld({ readStdin: async () => SMALL });
  expect(await check('-', {}, world)).toBe(0);
  expect(world.stdout()).toContain('<stdin> is valid');
});

test.each([
  ['none.yaml', 'none.yaml: the file does not exist'],
  ['.', '.: is a folder; name the config file in it'],
])('cannot read %s', async (file, message) => {
  await expect(check(file, {}, testWorld())).rejects.toMatchObject({ code: 'usage', message });
});

describe('what this machine sees of the model', () => {
  /** A world with the parts of a model below its home. */
  function withModel(files: Readonly<Record<string, string>>, path: string, more = '') {
    const world = testWorld();
    put(world, { ...files, 'c.yaml': SMALL.replace('/models/m', join(world.home, path)) + more });
    return world;
  }

  test('a whole one, and one on nodes alone, are passed over', async () => {
    const whole = { 'm/config.json': '{}', 'm/tokenizer.json': '{}', 'm/model.safetensors': 'weights' };
    const world = withModel(whole, 'm');
    expect([await check('c.yaml', {}, world), world.stderr()]).toEqual([0, '']);
    put(world, { 'c.yaml': SMALL });
    expect([await check('c.yaml', {}, world), world.stderr()]).toEqual([0, '']);
  });

  test('a path that is not there is doubtful', async () => {
    const world = withModel({ 'models/other/config.json': '{}' }, 'models/mine');
    expect(await check('c.yaml', {}, world)).toBe(0);
    expect(world.stderr()).toContain(
      `warning: model.path: the submitting machine has no ${world.home}/models/mine, though it has ${world.home}/models`,
    );
    expect(await check('c.yaml', { strict: true }, world)).toBe(3);
  });

  test('one that lacks a shard is refused, by plan and dry-run too', async () => {
    const index = '{"weight_map": {"a": "model-1.safetensors"}}';
    const files = {
      'm/config.json': '{}',
      'm/tokenizer.json': '{}',
      'm/model.safetensors.index.json': index,
    };
    const world = withModel(files, 'm');
    const missing = `c.yaml:3:15  model.path: the submitting machine misses ${world.home}/m/model-1.safetensors, which the model's index names`;
    expect([await check('c.yaml', {}, world), world.stderr()]).toEqual([3, expect.stringContaining(missing)]);
    const second = withModel(files, 'm');
    expect([await plan('c.yaml', {}, second), second.stdout()]).toEqual([3, '']);
    const third = withModel(files, 'm');
    expect([await submit('c.yaml', { dryRun: true }, third), third.stdout()]).toEqual([3, '']);
  });

  test('a snapshot of a cache is mounted with its blobs', async () => {
    const snapshot = 'hub/models--Qwen--Qwen3-32B/snapshots/abc';
    const world = withModel({ [`${snapshot}/.keep`]: '' }, snapshot, 'container: {image: nvcr.io/x/y:1}\n');
    put(world, { 'hub/models--Qwen--Qwen3-32B/blobs/1': '{}' });
    for (const name of ['config.json', 'tokenizer.json', 'model.safetensors'])
      symlinkSync('../../blobs/1', join(world.home, snapshot, name));
    expect([await check('c.yaml', {}, world), world.stderr()]).toEqual([0, '']);
    expect(await plan('c.yaml', {}, world)).toBe(0);
    const folder = join(world.home, 'hub/models--Qwen--Qwen3-32B');
    expect(world.stdout()).toContain(`${folder}:${folder}:ro`);
    expect(world.stdout()).toContain(`--model-path ${join(world.home, snapshot)}`);
  });
});
