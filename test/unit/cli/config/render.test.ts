import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { render } from '../../../../src/cli/config/render.ts';
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
    'cause-line.sh': '600',
    'causes.txt': '600',
    'lib.sh': '600',
    lib: '700',
    'lib/await.sh': '600',
    'lib/bench.sh': '600',
    'lib/cause.sh': '600',
    'lib/container.sh': '600',
    'lib/end.sh': '600',
    'lib/etcd.sh': '600',
    'lib/events.sh': '600',
    'lib/health.sh': '600',
    'lib/image.sh': '600',
    'lib/nodes.sh': '600',
    'lib/ports.sh': '600',
    'lib/preamble.sh': '600',
    'lib/racks.sh': '600',
    'lib/ready.sh': '600',
    'lib/steps.sh': '600',
    'lib/supervise.sh': '600',
    'lib/tls.sh': '600',
    'task.sh': '600',
    'environment.sh': '600',
    'etcd.py': '600',
    'metrics.sh': '600',
    'node.sh': '600',
    node: '700',
    'node/address.sh': '600',
    'node/environment.sh': '600',
    'node/gpus.sh': '600',
    'node/model.sh': '600',
    'ports.sh': '600',
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
  symlinkSync(join(elsewhere, 'etcd.sh'), join(world.cwd, 'job/lib.sh'));
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
