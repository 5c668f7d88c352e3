import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { last } from './product.ts';

/** The bundle has it beside itself. */
const SHORTEN = join(import.meta.dirname, 'shorten.mjs');

/** Keeps what an engine and its job wrote as test/recorded has it: shortened, and without this machine's paths. */
export function recordRun(name: string, run: string, work: string, folder: string): void {
  const staged = mkdtempSync(join(tmpdir(), 'dyn-slurm-record-'));
  try {
    for (const file of ['config.yaml', 'events.jsonl', 'logs'])
      cpSync(join(run, file), join(staged, file), { recursive: true });
    const { status, stderr } = spawnSync(
      process.execPath,
      [SHORTEN, staged, join(folder, name), `${work}=/work`],
      {
        encoding: 'utf8',
      },
    );
    if (status !== 0) throw new Error(`${name} could not be recorded: ${last(stderr)}`);
  } finally {
    rmSync(staged, { recursive: true, force: true });
  }
}
