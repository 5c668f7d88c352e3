import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { render } from '../../../../src/cli/commands/config/render.ts';
import { packageRoot, put, SMALL, type TestWorld, testWorld } from '../../../world.ts';

function worldWithConfig(): TestWorld {
  const world = testWorld();
  put(world, { 'small.yaml': SMALL });
  return world;
}

function listing(folder: string): Readonly<Record<string, string>> {
  const entries = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  return Object.fromEntries(
    entries.map((name) => [name, (statSync(join(folder, name)).mode & 0o777).toString(8)]),
  );
}

/** What a job on one node, with a model and etcd's password, has a use for. */
const RUNTIME = [
  ...[
    'cause-line.sh',
    'causes.txt',
    'environment.sh',
    'etcd.py',
    'kernels.sh',
    'lib.sh',
    'metrics.sh',
    'node.sh',
    'stacks.sh',
    'task.sh',
  ],
  ...[
    'adopt',
    'await',
    'cause',
    'commands',
    'end',
    'etcd',
    'events',
    'hang',
    'health',
    'http',
    'kernels',
    'nodes',
    'ready',
    'steps',
    'supervise',
    'turned-away',
  ].map((name) => `lib/${name}.sh`),
  ...['address', 'environment', 'gpus', 'model'].map((name) => `node/${name}.sh`),
];

test('writes the bundle with the modes of a run folder', async () => {
  const world = worldWithConfig();
  expect(await render('small.yaml', { out: 'job' }, world)).toBe(0);
  const names = [
    'aggregated-0',
    'aggregated-1',
    'aggregated-2',
    'aggregated-3',
    'etcd',
    'frontend-0',
    'metrics',
    'nats',
  ];
  expect(listing(join(world.cwd, 'job'))).toEqual({
    'job.sbatch': '700',
    runtime: '700',
    'runtime/lib': '700',
    'runtime/node': '700',
    ...Object.fromEntries(RUNTIME.map((name) => [`runtime/${name}`, '600'])),
    'preflight.sh': '600',
    'nats.conf': '600',
    'plan.json': '600',
    'config.yaml': '600',
    steps: '700',
    env: '700',
    ...Object.fromEntries(names.map((name) => [`steps/${name}.sh`, '700'])),
    ...Object.fromEntries(names.map((name) => [`env/${name}.env`, '600'])),
  });
  expect(world.stderr()).toBe('wrote 51 files to job; start with job/job.sbatch\n');
  expect(world.stdout()).toBe('');
});

test('writes the checked-in files of an example', async () => {
  const world = testWorld();
  const config = join(packageRoot, 'configs/qwen3-aggregated.yaml');
  expect(await render(config, { out: 'job' }, world)).toBe(0);
  const golden = join(packageRoot, 'slurm_jobs/qwen3-aggregated');
  for (const name of readdirSync(golden, { recursive: true, encoding: 'utf8' })) {
    if (statSync(join(golden, name)).isDirectory()) continue;
    expect(readFileSync(join(world.cwd, 'job', name), 'utf8'), name).toBe(
      readFileSync(join(golden, name), 'utf8'),
    );
  }
});

test('leaves a folder with something in it alone, unless told', async () => {
  const world = worldWithConfig();
  put(world, { 'job/notes.txt': 'mine', 'job/steps/old.sh': 'stale', 'job/job.sbatch': 'stale' });
  await expect(render('small.yaml', { out: 'job' }, world)).rejects.toMatchObject({
    code: 'usage',
    message: '--out job: the folder is not empty',
  });
  expect(await render('small.yaml', { out: 'job', force: true }, world)).toBe(0);
  expect(readFileSync(join(world.cwd, 'job/notes.txt'), 'utf8')).toBe('mine');
  expect(readdirSync(join(world.cwd, 'job/steps'))).not.toContain('old.sh');
  expect(readFileSync(join(world.cwd, 'job/job.sbatch'), 'utf8')).toMatch(/^#!\/bin\/bash -p\n#SBATCH /);
});

test('follows no symbolic links', async () => {
  const world = worldWithConfig();
  const elsewhere = join(world.cwd, 'elsewhere');
  mkdirSync(elsewhere);
  writeFileSync(join(elsewhere, 'etcd.sh'), 'mine');
  symlinkSync(elsewhere, join(world.cwd, 'link'));
  await expect(render('small.yaml', { out: 'link' }, world)).rejects.toMatchObject({
    code: 'usage',
    message: '--out link: is a symbolic link; links are not followed',
  });

  put(world, { 'job/notes.txt': 'mine' });
  symlinkSync(elsewhere, join(world.cwd, 'job/steps'));
  symlinkSync(join(elsewhere, 'etcd.sh'), join(world.cwd, 'job/preflight.sh'));
  expect(await render('small.yaml', { out: 'job', force: true }, world)).toBe(0);
  expect(readdirSync(elsewhere)).toEqual(['etcd.sh']);
  expect(readFileSync(join(elsewhere, 'etcd.sh'), 'utf8')).toBe('mine');
});

test('a file is no folder', async () => {
  const world = worldWithConfig();
  await expect(render('small.yaml', { out: 'small.yaml' }, world)).rejects.toMatchObject({
    code: 'usage',
    message: '--out small.yaml: is not a folder',
  });
});

test('writes nothing for a config with errors', async () => {
  const world = testWorld();
  put(world, { 'bad.yaml': 'name: x\n' });
  expect(await render('bad.yaml', { out: 'job' }, world)).toBe(3);
  expect(readdirSync(world.cwd)).toEqual(['bad.yaml']);
});
