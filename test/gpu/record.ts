import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { last } from './product.ts';
import type { Settings } from './settings.ts';

/** The bundle has it beside itself. */
const SHORTEN = join(import.meta.dirname, 'shorten.mjs');

/** What a test may be made of: neither the data services' logs nor folders that hold secrets. */
const KEPT = /^(config\.yaml|events\.jsonl|logs(\/(?!(etcd|nats)\.)[^/]*)?)$/;

/** Keeps what an engine and its job wrote as test/recorded has it: shortened, and without this machine's paths. */
export function recordRun(name: string, run: string, settings: Settings, folder: string): void {
  const { work, python, package: product } = settings;
  const staged = mkdtempSync(join(tmpdir(), 'dyn-slurm-record-'));
  const target = join(folder, name);
  // Longer paths first, for they may lie in shorter ones.
  const names = Object.entries({
    [work]: '/work',
    [product]: '/opt/dyn-slurm',
    [homedir()]: '/home/user',
    ...(python.includes('/') && { [venvOf(python)]: '/opt/venv' }),
  }).sort(([a], [b]) => b.length - a.length);
  try {
    cpSync(run, staged, {
      recursive: true,
      filter: (path) => path === run || KEPT.test(relative(run, path)),
    });
    rmSync(target, { recursive: true, force: true });
    const words = [SHORTEN, staged, target, ...names.map((pair) => pair.join('='))];
    const { status, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8', timeout: 120_000 });
    if (status !== 0) throw new Error(`${name} could not be recorded: ${last(stderr)}`);
  } finally {
    rmSync(staged, { recursive: true, force: true });
  }
}

/** /opt/venv of /opt/venv/bin/python. */
function venvOf(python: string): string {
  const folder = dirname(python);
  return basename(folder) === 'bin' ? dirname(folder) : folder;
}
