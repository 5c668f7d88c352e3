import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { originOf } from '../../../../src/cli/runs/submit/origin.ts';
import { testWorld } from '../../../world.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dyn-slurm-origin-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const git = (...words: readonly string[]) =>
  execFileSync('git', ['-C', folder, '-c', 'user.name=a', '-c', 'user.email=a@b', ...words], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();

function origin(file: string) {
  const world = testWorld({ cwd: folder, env: { PATH: process.env.PATH, HOME: folder } });
  return originOf(file, world);
}

test('a config in a work tree has its commit, and whether that is all', async () => {
  git('init', '-q');
  mkdirSync(join(folder, 'configs'));
  writeFileSync(join(folder, 'configs/r1.yaml'), 'name: r1\n');
  git('add', '.');
  git('commit', '-qm', 'one');
  const commit = git('rev-parse', 'HEAD');
  expect(await origin('configs/r1.yaml')).toEqual({ dynSlurm: expect.any(String), gitCommit: commit });
  writeFileSync(join(folder, 'configs/r2.yaml'), 'name: r2\n');
  expect((await origin('configs/r1.yaml')).gitCommit).toBe(commit);
  expect((await origin('configs/r2.yaml')).gitCommit).toBe(`${commit}+dirty`);
  writeFileSync(join(folder, 'configs/r1.yaml'), 'name: r1 # changed\n');
  expect((await origin('configs/r1.yaml')).gitCommit).toBe(`${commit}+dirty`);
});

test('elsewhere, or of standard input, there is none', async () => {
  writeFileSync(join(folder, 'r1.yaml'), 'name: r1\n');
  expect(await origin('r1.yaml')).toEqual({ dynSlurm: expect.any(String) });
  expect(await origin('-')).toEqual({ dynSlurm: expect.any(String) });
});

test('a work tree without a commit yet has none', async () => {
  git('init', '-q');
  expect(await origin('r1.yaml')).toEqual({ dynSlurm: expect.any(String) });
});
