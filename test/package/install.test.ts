import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { packageRoot } from '../world.ts';

// What a user gets: the tarball, installed in an empty folder, with no network and no repository beside it.

const folder = mkdtempSync(join(tmpdir(), 'dyn-slurm-package-'));
const installed = join(folder, 'node_modules/dyn-slurm');
let packed: readonly string[] = [];

/** Only what any shell has; a user's own settings must not decide. */
const env = {
  PATH: process.env.PATH,
  HOME: folder,
  npm_config_cache: join(folder, 'cache'),
  npm_config_update_notifier: 'false',
};

function run(program: string, ...args: readonly string[]): string {
  return execFileSync(program, args, { cwd: folder, env, encoding: 'utf8' });
}

// Not with execFileSync: vitest gives a test file up that does not answer for a minute.
beforeAll(async () => {
  const npm = (args: readonly string[], options: object) => promisify(execFile)('npm', args, options);
  const { stdout } = await npm(['pack', '--json', '--silent', '--pack-destination', folder], {
    cwd: packageRoot,
  });
  const [report] = JSON.parse(String(stdout)) as [{ filename: string; files: { path: string }[] }];
  packed = report.files.map(({ path }) => path);
  writeFileSync(join(folder, 'package.json'), '{"private": true}');
  const install = ['install', '--offline', '--no-audit', '--no-fund', join(folder, report.filename)];
  await npm(install, { cwd: folder, env });
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the tarball', () => {
  test('holds the program, its data, the examples and the documents', () => {
    expect(packed).toEqual(
      expect.arrayContaining([
        'README.md',
        'package.json',
        'dist/main.js',
        'dist/licenses.txt',
        'dist/proto/rpc.proto',
        'dist/rehearsal/slurm.js',
        'templates/job.sbatch.hbs',
        'templates/lib.sh',
        'configs/schema.json',
        'configs/dsr1-wideep-h100.yaml',
        'configs/clusters/local.yaml',
        'configs/topologies/docs-dsr1-wideep-h100.yaml',
        'rehearsal/bin/sbatch',
        'docs/config.md',
      ]),
    );
  });

  test('holds nothing else', () => {
    const expected = /^(package\.json|README\.md|LICENSE|(dist|templates|configs|rehearsal|docs)\/.+)$/;
    expect(packed.filter((path) => !expected.test(path))).toEqual([]);
  });

  test('names no place of the machine that packed it', () => {
    const places = [packageRoot, '../shared', process.env.HOME ?? packageRoot].filter(
      (place) => place !== '/',
    );
    const files = readdirSync(installed, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    const wrong = files
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((path) => {
        const text = readFileSync(path, 'utf8');
        return places.some((place) => text.includes(`${place}/`));
      });
    expect(wrong).toEqual([]);
  });
});

describe('the installed program', () => {
  const dynSlurm = (...args: readonly string[]) => run(join(folder, 'node_modules/.bin/dyn-slurm'), ...args);

  test('gives its version', () => {
    const { version } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as {
      version: string;
    };
    expect(dynSlurm('--version')).toBe(`${version}\n`);
  });

  test('lists the topologies', () => {
    expect(dynSlurm('topologies').trimEnd().split('\n')).toHaveLength(1 + 54);
  });

  test('shows in a dry-run what the repository renders', () => {
    const config = join(installed, 'configs/dsr1-gb200-14-nodes.yaml');
    const shown = dynSlurm('submit', config, '--dry-run', '--full');
    const script = readFileSync(join(packageRoot, 'slurm_jobs/dsr1-gb200-14-nodes/job.sbatch'), 'utf8');
    expect(shown).toContain(script);
  });

  const examples = readdirSync(join(packageRoot, 'configs')).filter((name) => name.endsWith('.yaml'));
  test.each(examples.map((name) => name.slice(0, -'.yaml'.length)))(
    'renders %s as the repository does',
    (name) => {
      dynSlurm('render', join(installed, `configs/${name}.yaml`), '--out', name);
      const rendered = Object.entries(texts(join(folder, name)));
      const isRuntime = ([path]: [string, string]) => path.startsWith('runtime/');
      const own = Object.fromEntries(rendered.filter((file) => !isRuntime(file)));
      expect(own).toEqual(texts(join(packageRoot, 'slurm_jobs', name)));
      // The repository has the runtime of all jobs once, in one folder.
      const runtime = Object.fromEntries(rendered.filter(isRuntime));
      expect(Object.keys(runtime).length).toBeGreaterThan(10);
      expect(texts(join(packageRoot, 'slurm_jobs'))).toMatchObject(runtime);
    },
  );

  test('prints all of a long text into a slow pipe', () => {
    const config = join(installed, 'configs/dsr1-gb200-14-nodes.yaml');
    const program = join(folder, 'node_modules/.bin/dyn-slurm');
    const length = run(
      'sh',
      '-c',
      '"$1" submit "$2" --dry-run --full | { sleep 1; wc -c; }',
      'sh',
      program,
      config,
    );
    expect(Number(length)).toBeGreaterThan(64 * 1024);
    expect(Number(length)).toBe(Buffer.byteLength(dynSlurm('submit', config, '--dry-run', '--full')));
  });
});

/** What a folder's files hold, by their paths in it. */
function texts(folder: string): Readonly<Record<string, string>> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return Object.fromEntries(
    files
      .map((entry) => join(entry.parentPath, entry.name))
      .toSorted()
      .map((path) => [path.slice(folder.length + 1), readFileSync(path, 'utf8')]),
  );
}
