import { execFile, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { toolsIn, toolsPlace } from '../../../src/rehearsal/tools/tools.ts';
import { packageRoot } from '../../world.ts';

// The bash of every example config, as slurm_jobs/ holds it with the runtime of all of them; test/unit/generated.test.ts
// keeps it current.

const jobs = join(packageRoot, 'slurm_jobs');

/** job.sbatch, the libraries, the steps' scripts and environments; paths in the bundle. */
function scripts(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.(sh|sbatch|env)$/.test(path) && !path.startsWith('runtime/'))
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

/** What shellcheck has looked at: some steps of the examples are the same. */
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

const templates = join(packageRoot, 'templates');

/** The root scripts of the runtime that name what they source; shellcheck follows them. */
const ROOTS = ['task.sh', 'metrics.sh', 'bench.sh', 'image.sh', 'cleanup.sh', 'stacks.sh'];

/** A script whose parts job.sbatch lists, as one script with all of them but `without`: they share their variables. */
function whole(folder: string, scripts: readonly string[], without = /^$/): string {
  const parts = readdirSync(join(templates, folder)).filter((name) => !without.test(name));
  const files = [...parts.map((name) => `${folder}/${name}`), ...scripts];
  return files.map((name) => readFileSync(join(templates, name), 'utf8')).join('');
}

test.skipIf(shellcheck === undefined)(
  'nor does it mind anything in the runtime, of which no example needs all',
  async () => {
    expect(await minded(templates, ['-x', '-a', ...ROOTS])).toBe('');
    const folder = mkdtempSync(join(tmpdir(), 'dyn-slurm-lib-'));
    try {
      const supervisor = ['cause-line.sh', 'environment.sh', 'lib.sh'];
      writeFileSync(join(folder, 'supervisor.sh'), whole('lib', supervisor, /^servers/));
      writeFileSync(join(folder, 'routed.sh'), whole('lib', supervisor, /^(etcd|turned-away)\./));
      writeFileSync(join(folder, 'node.sh'), whole('node', ['node.sh']));
      // As a step's script has it.
      const text = (name: string) => readFileSync(join(templates, name), 'utf8');
      const step = ['cause-line.sh', 'environment.sh', 'task.sh', 'setup.sh'].map(text).join('');
      writeFileSync(join(folder, 'step.sh'), step.replaceAll(/^\. "\$\{BASH_SOURCE.*$/gm, ':'));
      expect(await minded(folder, ['supervisor.sh', 'routed.sh', 'node.sh', 'step.sh'])).toBe('');
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);

describe.each(readdirSync(jobs).filter((name) => !/^runtime$|\.md$/.test(name)))('%s', (name) => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'dyn-slurm-bundle-'));
    cpSync(join(jobs, name), folder, { recursive: true });
    symlinkSync(join(packageRoot, 'templates'), join(folder, 'runtime'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

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

test('job.sbatch names the SHA-256 of the runtime that the examples share', () => {
  const examples = readdirSync(jobs).filter((name) => existsSync(join(jobs, name, 'job.sbatch')));
  for (const name of examples) {
    const text = readFileSync(join(jobs, name, 'job.sbatch'), 'utf8');
    const [, sha256, files = ''] = /^RUNTIME_SHA256=(\w{64})\nRUNTIME_FILES=\(([^)]*)\)$/m.exec(text) ?? [];
    const { stdout } = spawnSync(
      'bash',
      ['-c', 'sha256sum "$@" | sha256sum', '', ...files.trim().split(/\s+/)],
      {
        cwd: join(jobs, 'runtime'),
        encoding: 'utf8',
      },
    );
    expect(stdout, name).toBe(`${sha256}  -\n`);
  }
});
