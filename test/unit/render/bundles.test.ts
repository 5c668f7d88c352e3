import { execFile, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { toolsIn, toolsPlace } from '../../../src/rehearsal/tools/tools.ts';
import { packageRoot } from '../../world.ts';

// The bash of every example config, as slurm_jobs/ holds it; test/unit/generated.test.ts keeps it current.

const jobs = join(packageRoot, 'slurm_jobs');

/** job.sbatch, the libraries, the steps' scripts and environments; paths in the bundle. */
function scripts(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.(sh|sbatch|env)$/.test(path))
    .sort();
}

/** From `dyn-slurm setup --with-tests`, or PATH; undefined where there is none. */
function findShellcheck(): string | undefined {
  const place = toolsPlace({ env: process.env, home: homedir(), packageRoot });
  const installed = join(toolsIn(place.folder).bin, 'shellcheck');
  if (existsSync(installed)) return installed;
  return spawnSync('shellcheck', ['--version']).error === undefined ? 'shellcheck' : undefined;
}

const shellcheck = findShellcheck();

/** What shellcheck has looked at: the bundles' libraries are the same. */
const seen = new Set<string>();

function unseen(folder: string): readonly string[] {
  return scripts(folder).filter((script) => {
    const text = readFileSync(join(folder, script), 'utf8');
    return seen.size < seen.add(text).size;
  });
}

/** What shellcheck says, and nothing where all is well. It may take minutes on a busy machine. */
async function minded(cwd: string, words: readonly string[]): Promise<string> {
  try {
    return (await promisify(execFile)(shellcheck ?? '', words, { cwd })).stdout;
  } catch (error) {
    const { stdout, message } = error as { stdout?: string; message: string };
    return stdout || message;
  }
}

test.skipIf(shellcheck === undefined)('nor has image.sh, which no example needs', async () => {
  expect(await minded(join(packageRoot, 'templates'), ['image.sh'])).toBe('');
});

describe.each(readdirSync(jobs))('%s', (name) => {
  const folder = join(jobs, name);

  test('is bash', () => {
    for (const script of scripts(folder)) {
      const { stderr } = spawnSync('bash', ['-n', script], { cwd: folder, encoding: 'utf8' });
      expect(stderr, script).toBe('');
    }
  });

  test.skipIf(shellcheck === undefined)('has nothing that shellcheck minds', async () => {
    // With -x it follows what they source, of what it has seen too.
    expect(await minded(folder, ['-x', ...unseen(folder)])).toBe('');
  });
});
