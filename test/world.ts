import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { onTestFinished } from 'vitest';
import { processWorld, type World } from '../src/cli/world.ts';

export const packageRoot = join(import.meta.dirname, '..');

/** A real world in a folder of its own, whose output is kept: its files, clock and processes are those of the machine. */
export interface TestWorld extends World {
  stdout(): string;
  stderr(): string;
}

/** Must be called within a test; the folder goes when the test ends. */
export function testWorld(overrides: Partial<World> = {}): TestWorld {
  const folder = temporaryFolder();
  const written = { out: '', err: '' };
  const keep = (name: 'out' | 'err') => ({
    write: (text: string) => {
      written[name] += text;
    },
  });
  return {
    ...processWorld(process, packageRoot, new AbortController().signal),
    env: { PATH: process.env.PATH },
    cwd: folder,
    home: folder,
    isTTY: false,
    columns: 100,
    color: false,
    out: keep('out'),
    err: keep('err'),
    page: { width: overrides.isTTY ? (overrides.columns ?? 100) : Number.POSITIVE_INFINITY, color: false },
    ...overrides,
    stdout: () => written.out,
    stderr: () => written.err,
  };
}

/** A small valid config of one node. */
export const SMALL = `name: small
gpu: h100
model: {path: /models/m}
slurm: {account: a, partition: p, time: 1h}
aggregated: {workers: 4, gpus_per_worker: 2}
`;

/** Writes files below the world's working directory. */
export function put(world: World, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    const path = join(world.cwd, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
}

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'dyn-slurm-unit-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
