import { chmodSync, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { submit } from '../../../../src/cli/commands/submit/submit.ts';
import { put, SMALL, type TestWorld, testWorld } from '../../../world.ts';

const SBATCH = `#!/bin/sh
# Stands for Slurm's: keeps what it got, and the folder as it was then.
printf '%s\\n' "$@" >"$RECORD/argv"
for argument; do case $argument in --chdir=*) cp -a "\${argument#--chdir=}" "$RECORD/folder" ;; esac; done
echo "sbatch: a remark of the site" >&2
[ -e "$RECORD/refuse" ] && { cat "$RECORD/refuse" >&2; exit 1; }
echo '4242;hopper'
`;

/** A world in which `sbatch` is a program that records what it gets in `record/`. */
function worldWithSbatch(files: Readonly<Record<string, string>>): TestWorld {
  const world = testWorld({ randomHex: () => '3fa29c' });
  put(world, {
    ...files,
    'record/.keep': '',
    'bin/sbatch': SBATCH.replaceAll('$RECORD', join(world.cwd, 'record')),
  });
  chmodSync(join(world.cwd, 'bin/sbatch'), 0o755);
  return { ...world, env: { PATH: `${join(world.cwd, 'bin')}:${process.env.PATH}`, HF_TOKEN: 'hf_canary' } };
}

interface Shown {
  readonly run: { readonly id: string; readonly dir: string };
  readonly command: readonly string[];
  readonly files: readonly { readonly path: string; readonly mode: string; readonly text: string }[];
}

/** What the recording sbatch got, in the form of a dry-run. */
function received(world: TestWorld): Pick<Shown, 'command' | 'files'> {
  const folder = join(world.cwd, 'record/folder');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((path) => ({ path, status: statSync(join(folder, path)) }))
    .filter(({ status }) => status.isFile())
    .map(({ path, status }) => ({
      path,
      mode: (status.mode & 0o7777).toString(8).padStart(4, '0'),
      text: readFileSync(join(folder, path), 'utf8'),
    }));
  const argv = readFileSync(join(world.cwd, 'record/argv'), 'utf8').trimEnd().split('\n');
  return { command: ['sbatch', ...argv], files: byPath(files) };
}

function byPath(files: Shown['files']): Shown['files'] {
  return files.toSorted((a, b) => a.path.localeCompare(b.path));
}

test.each(['small', 'large'])('a dry-run shows what sbatch gets: %s', async (size) => {
  const text =
    size === 'small' ? SMALL : SMALL.replace(/aggregated:.*/, 'prefill: {nodes: 2}\ndecode: {nodes: 12}');
  const dry = worldWithSbatch({ 'job.yaml': text });
  expect(await submit('job.yaml', { dryRun: true, json: true }, dry)).toBe(0);
  const shown = JSON.parse(dry.stdout()) as Shown;
  expect(readdirSync(join(dry.cwd, 'record'))).toEqual(['.keep']);
  expect(existsSync(shown.run.dir)).toBe(false);

  const wet = { ...worldWithSbatch({ 'job.yaml': text }), home: dry.home };
  expect(await submit('job.yaml', {}, wet)).toBe(0);
  expect(received(wet)).toEqual({ command: shown.command, files: byPath(shown.files) });
});

test("the dry-run's text holds the same command and files", async () => {
  const world = worldWithSbatch({ 'small.yaml': SMALL });
  await submit('small.yaml', { dryRun: true, json: true }, world);
  const { command, files, run } = JSON.parse(world.stdout()) as Shown;
  const text = worldWithSbatch({ 'small.yaml': SMALL });
  expect(await submit('small.yaml', { dryRun: true, full: true }, { ...text, home: world.home })).toBe(0);
  const shown = text.stdout();
  expect(shown).toContain(`Would run\n  ${command.join(' ')}\n`);
  for (const file of files) expect(shown).toContain(`==> ${file.path} (${file.mode}) <==\n${file.text}`);
  // Counted here, so that the text on disk does not change with every line of a template.
  const lines = files.reduce((sum, file) => sum + file.text.split('\n').length - 1, 0);
  expect(shown).toContain(`\n  ${files.length} files of ${lines} lines in all; they follow\n`);
  const summary = shown
    .slice(0, shown.indexOf('==>'))
    .replaceAll(run.dir, 'DIR')
    .replace(/\d+ files of \d+ lines/, 'N files of N lines')
    .replace(/\d+ files of them(.*) [0-9a-f]{64}$/m, 'N files of them$1 HASH');
  await expect(summary).toMatchFileSnapshot('dry-run.txt');
});

test('a dry-run shows the summary alone, and says how to see the files', async () => {
  const world = worldWithSbatch({ 'small.yaml': SMALL });
  expect(await submit('small.yaml', { dryRun: true }, world)).toBe(0);
  const shown = world.stdout();
  expect(shown).not.toContain('==>');
  expect(shown.split('\n').length).toBeLessThan(60);
  expect(shown).toMatch(
    /\nWould send\n {2}\d+ files of \d+ lines in all; `--full` prints them, and `dyn-slurm render CONFIG --out DIR` writes them\n {2}\d+ files of them are the static runtime, whose SHA-256 job.sbatch checks: [0-9a-f]{64}\n$/,
  );
});

test('says what it did and what comes next', async () => {
  const world = worldWithSbatch({ 'small.yaml': SMALL });
  expect(await submit('small.yaml', {}, world)).toBe(0);
  const dir = join(world.home, 'dyn-slurm-runs/small-3fa29c');
  expect(world.stdout()).toBe(`small requests 1 node × 8 h100 = 8 GPUs for up to 1h, 8 GPU-hours
submitted small-3fa29c as job 4242 on cluster default
  folder  ${dir}
  watch   dyn-slurm watch small-3fa29c
  logs    dyn-slurm logs -f small-3fa29c
  cancel  dyn-slurm cancel small-3fa29c
`);
  expect(JSON.parse(readFileSync(join(dir, 'job.json'), 'utf8'))).toEqual({
    jobId: '4242;hopper',
    dynSlurm: '0.1.0',
    cluster: 'default',
    submitted: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
  });
  expect(statSync(dir).mode & 0o777).toBe(0o700);
});

test('says the same as data', async () => {
  const world = worldWithSbatch({ 'small.yaml': SMALL });
  expect(await submit('small.yaml', { json: true }, world)).toBe(0);
  expect(JSON.parse(world.stdout())).toEqual({
    run: 'small-3fa29c',
    jobId: '4242;hopper',
    cluster: 'default',
    dir: join(world.home, 'dyn-slurm-runs/small-3fa29c'),
  });
});

test("a refusal shows Slurm's words and leaves no folder", async () => {
  const refusal =
    'sbatch: error: Batch job submission failed: Invalid account or account/partition combination specified\n';
  const world = worldWithSbatch({ 'small.yaml': SMALL, 'record/refuse': refusal });
  await expect(submit('small.yaml', {}, world)).rejects.toMatchObject({
    code: 'rejected',
    message: expect.stringContaining('Invalid account or account/partition combination specified'),
  });
  expect(readdirSync(join(world.home, 'dyn-slurm-runs'))).toEqual([]);
});

test('without Slurm it shows the ways out', async () => {
  const world = testWorld({ env: { PATH: '/nonexistent' } });
  put(world, { 'small.yaml': SMALL });
  await expect(submit('small.yaml', {}, world)).rejects.toMatchObject({
    code: 'preflight',
    message: 'Slurm is not available here: sbatch is not on PATH',
    hint: expect.stringMatching(/--cluster local.*dyn-slurm rehearse/),
  });
  expect(readdirSync(join(world.home, 'dyn-slurm-runs'))).toEqual([]);
});

const SECRETIVE = SMALL.replace('{workers: 4', '{env: {HF_TOKEN: {from_env: HF_TOKEN}}, workers: 4');

test('a secret reaches the run folder and nothing else', async () => {
  const world = worldWithSbatch({ 'secret.yaml': SECRETIVE });
  await submit('secret.yaml', { dryRun: true }, world);
  expect(world.stdout()).toContain('HF_TOKEN=(secret)');
  expect(await submit('secret.yaml', {}, world)).toBe(0);
  expect(world.stdout()).not.toContain('hf_canary');
  const { command, files } = received(world);
  expect(command.join(' ')).not.toContain('hf_canary');
  expect(files.filter(({ text }) => text.includes('hf_canary'))).toEqual(
    [0, 1, 2, 3].map((index) => ({
      path: `env/aggregated-${index}.secrets`,
      mode: '0600',
      text: 'ENVIRONMENT+=(HF_TOKEN=hf_canary)\n',
    })),
  );
});

test('a secret that is missing stops the submit before anything is made', async () => {
  const world = worldWithSbatch({ 'secret.yaml': SECRETIVE });
  await expect(submit('secret.yaml', {}, { ...world, env: { PATH: world.env.PATH } })).rejects.toMatchObject({
    code: 'preflight',
    message: 'aggregated-0 needs the secret HF_TOKEN: the environment variable HF_TOKEN is not set here',
  });
  expect(existsSync(join(world.home, 'dyn-slurm-runs'))).toBe(false);
});

test('nothing is submitted with errors', async () => {
  const world = worldWithSbatch({ 'bad.yaml': 'name: x\n' });
  expect(await submit('bad.yaml', {}, world)).toBe(3);
  expect(readdirSync(join(world.cwd, 'record'))).toEqual(['.keep']);
});

test.each([{}, { testOnly: true }])(
  'without Slurm, every submit ends with the same code: %j',
  async (options) => {
    const world = testWorld({ env: { PATH: '/nowhere' } });
    put(world, { 'small.yaml': SMALL });
    await expect(submit('small.yaml', options, world)).rejects.toMatchObject({
      code: 'preflight',
      message: 'Slurm is not available here: sbatch is not on PATH',
    });
  },
);
