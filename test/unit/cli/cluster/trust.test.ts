import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { expect, test } from 'vitest';
import { run } from '../../../../src/cli/program.ts';
import { clusterProfile } from '../../../../src/config/schema/cluster-schema.ts';
import { put, SMALL, type TestWorld, testWorld } from '../../../world.ts';

const PROFILE = '.dyn-slurm/clusters/hopper.yaml';
const FOREIGN = 54_321;
const isRoot = process.getuid?.() === 0;

/** A profile of a project whose own Slurm leaves a mark when it is called. */
function hostile(text?: string): { readonly world: TestWorld; readonly mark: string } {
  const world = testWorld();
  const mark = join(world.home, 'mark');
  const bin = join(world.home, 'evil');
  mkdirSync(bin);
  for (const name of ['sbatch', 'squeue', 'sinfo', 'scontrol'])
    writeFileSync(join(bin, name), `#!/bin/sh\n: > ${mark}\n`, { mode: 0o755 });
  put(world, { 'job.yaml': SMALL, [PROFILE]: text ?? `slurm_bin: ${bin}\n` });
  return { world, mark };
}

const ok = (world: TestWorld, ...argv: readonly string[]) => run(argv, '1', world);

/** What a command was refused with. */
async function refusal(world: TestWorld, ...argv: readonly string[]) {
  const error: unknown = await run(argv, '1', world).then(
    (code) => ({ code, out: world.stdout() }),
    (thrown: unknown) => thrown,
  );
  const { code, message, hint } = error as { code: string; message: string; hint: string };
  return { code, message, hint };
}

const me = () => {
  const uid = process.getuid?.() ?? 0;
  return `user ${uid} (${execFileSync('id', ['-un'], { encoding: 'utf8' }).trim()})`;
};

test.each([
  ['check', 'job.yaml', '--cluster', 'hopper'],
  ['plan', 'job.yaml', '--cluster', 'hopper'],
  ['submit', 'job.yaml', '--cluster', 'hopper'],
  ['submit', 'job.yaml', '--cluster', 'hopper', '--dry-run'],
  ['submit', 'job.yaml', '--cluster', 'hopper', '--test-only'],
  ['rehearse', 'job.yaml', '--cluster', 'hopper'],
  ['allocate', 'job.yaml', '--cluster', 'hopper'],
  ['status', '--cluster', 'hopper'],
])("a project's profile runs nothing before it is trusted: %s %s %s %s %s", async (...argv) => {
  const { world, mark } = hostile();
  expect(await refusal(world, ...argv)).toEqual({
    code: 'config',
    message: `the cluster profile ~/${PROFILE}, of ${me()}, sets slurm_bin, and you have not trusted it yet`,
    hint: `a project's profile may run or redirect programs only after you have read and trusted it: dyn-slurm trust ${join(world.cwd, PROFILE)}`,
  });
  expect(await world.exists(mark)).toBe(false);
});

test('commands that look through all profiles leave it out, and say so once', async () => {
  const { world, mark } = hostile();
  put(world, { '.dyn-slurm/clusters/default.yaml': `host: evil.example.org\n` });
  expect(await ok(world, 'status')).toBe(0);
  expect(world.stderr()).toBe(
    ['default', 'hopper']
      .map(
        (name, index) =>
          `warning: the cluster profile ~/.dyn-slurm/clusters/${name}.yaml, of ${me()}, sets ${['host', 'slurm_bin'][index]}, and you have not trusted it yet\n` +
          `  hint: a project's profile may run or redirect programs only after you have read and trusted it: dyn-slurm trust ${world.cwd}/.dyn-slurm/clusters/${name}.yaml\n`,
      )
      .concat('there are no runs yet; `dyn-slurm submit CONFIG` starts one\n')
      .join(''),
  );
  expect(await world.exists(mark)).toBe(false);
});

test('a profile that only asks for nodes needs no trust', async () => {
  const text = 'account: a\npartition: p\ngpu_directive: gres\nmemory_directive: false\ngpus_per_node: 8\n';
  const { world } = hostile(text);
  expect(await ok(world, 'check', 'job.yaml', '--cluster', 'hopper')).toBe(0);
});

const HARMLESS = ['account', 'partition', 'gpu_directive', 'gpu_type', 'memory_directive', 'gpus_per_node'];

test.each(Object.keys(clusterProfile.shape).filter((key) => !HARMLESS.includes(key)))(
  'any other key does, taken away or through an alias too: %s',
  async (key) => {
    for (const text of [`${key}: null\n`, `account: &a x\n${key}: *a\n`, `x: &m {${key}: 1}\n<<: *m\n`]) {
      const { world } = hostile(text);
      expect(await refusal(world, 'check', 'job.yaml', '--cluster', 'hopper')).toMatchObject({
        code: 'config',
        message: `the cluster profile ~/${PROFILE}, of ${me()}, sets ${key}, and you have not trusted it yet`,
      });
    }
  },
);

test('exactly the content that was trusted counts, at its place', async () => {
  const { world } = hostile('preamble: module load slurm\n');
  const check = ['check', 'job.yaml', '--cluster', 'hopper'] as const;
  expect(await ok(world, 'trust')).toBe(0);
  expect(await ok(world, ...check)).toBe(0);
  // Through another name of the folder, too.
  symlinkSync(world.cwd, join(world.cwd, 'link'));
  expect(await ok({ ...world, cwd: join(world.cwd, 'link') }, ...check)).toBe(0);
  put(world, { [PROFILE]: 'preamble: module load slurm \n' });
  expect(await refusal(world, ...check)).toMatchObject({
    message: `the cluster profile ~/${PROFILE}, of ${me()}, sets preamble, and has changed since you trusted it`,
  });
  put(world, { [PROFILE]: 'preamble: module load slurm\n' });
  expect(await ok(world, ...check)).toBe(0);
  renameSync(join(world.cwd, '.dyn-slurm'), join(world.cwd, 'elsewhere'));
  mkdirSync(join(world.cwd, 'deep'));
  renameSync(join(world.cwd, 'elsewhere'), join(world.cwd, 'deep/.dyn-slurm'));
  put(world, { 'deep/job.yaml': SMALL });
  expect(await refusal({ ...world, cwd: join(world.cwd, 'deep') }, ...check)).toMatchObject({
    message: expect.stringContaining('you have not trusted it yet'),
  });
});

test('trust says what it trusts, lists it, and is taken back', async () => {
  const { world } = hostile('preamble: |\n  module load slurm\naccount: a\n');
  const path = join(world.cwd, PROFILE);
  expect(await ok(world, 'trust', PROFILE)).toBe(0);
  expect(world.stdout()).toBe(
    `trusted ${path} until it changes; it sets\n  preamble  "module load slurm\\n"\n`,
  );
  const listed = async () => {
    const before = world.stdout().length;
    expect(await ok(world, 'trust', '--list', '--json')).toBe(0);
    return JSON.parse(world.stdout().slice(before)) as unknown;
  };
  const entry = { file: path, sha256: expect.stringMatching(/^[0-9a-f]{64}$/), trusted: expect.any(String) };
  expect(await listed()).toEqual([{ ...entry, state: 'trusted' }]);
  put(world, { [PROFILE]: 'preamble: other\n' });
  expect(await listed()).toEqual([{ ...entry, state: 'changed' }]);
  const before = world.stdout().length;
  expect(await ok(world, 'trust', '--remove', PROFILE)).toBe(0);
  expect(world.stdout().slice(before)).toBe(`no longer trusted: ${path}\n`);
  expect(await listed()).toEqual([]);
  expect(await refusal(world, 'trust', '--remove', PROFILE)).toMatchObject({
    code: 'usage',
    message: `${PROFILE} is not trusted`,
  });
});

test('trust --json has the keys', async () => {
  const { world } = hostile('host: a.example.org\n');
  expect(await ok(world, 'trust', '--json')).toBe(0);
  expect(JSON.parse(world.stdout())).toEqual([
    {
      file: join(world.cwd, PROFILE),
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      keys: { host: 'a.example.org' },
    },
  ]);
});

test.each([
  ['job.yaml', 'job.yaml is not a project cluster profile'],
  ['-', '- is not a project cluster profile'],
  ['.dyn-slurm/clusters', '.dyn-slurm/clusters is not a project cluster profile'],
])('trust refuses what is no profile of a project: %s', async (file, message) => {
  const { world } = hostile();
  expect(await refusal(world, 'trust', file)).toMatchObject({ code: 'usage', message });
});

test('a profile with errors is not trusted', async () => {
  const { world } = hostile('slurm_bn: /x\n');
  expect(await refusal(world, 'trust')).toMatchObject({
    code: 'config',
    message: expect.stringContaining('slurm_bn: unknown key; did you mean "slurm_bin"?'),
  });
  expect(await ok(world, 'trust', '--list')).toBe(0);
  expect(world.stderr()).toBe('no project cluster profile is trusted\n');
});

/** Others can write to a part of the way to the profile. */
test.each([
  ['the file', PROFILE, 0o664],
  ['its folder', '.dyn-slurm/clusters', 0o775],
  ['a folder above it', '.dyn-slurm', 0o757],
  ['the project', '.', 0o770],
])('a profile is refused where others can write %s', async (_, part, mode) => {
  const { world } = hostile('account: a\n');
  const path = join(world.cwd, part);
  chmodSync(path, mode);
  for (const argv of [['check', 'job.yaml', '--cluster', 'hopper'], ['trust']])
    expect(await refusal(world, ...argv)).toMatchObject({
      code: 'config',
      message: expect.stringContaining(
        `${PROFILE} is not used: others than its owner, ${me()}, can write to ${path}`,
      ),
      hint: `remove this permission: chmod go-w ${path}`,
    });
});

test('a home that others can write to is no trouble where there is no profile in it', async () => {
  const world = testWorld();
  put(world, { 'job.yaml': SMALL });
  chmodSync(world.home, 0o777);
  expect(await ok(world, 'check', 'job.yaml')).toBe(0);
});

test('a profile that is a link to nothing is not taken for an empty one', async () => {
  const { world } = hostile();
  await world.remove(join(world.cwd, PROFILE));
  symlinkSync('nowhere.yaml', join(world.cwd, PROFILE));
  expect(await refusal(world, 'check', 'job.yaml', '--cluster', 'hopper')).toMatchObject({
    code: 'config',
    message: 'the cluster profile hopper is a broken symbolic link',
  });
});

test("so is one of the user's own", async () => {
  const world = testWorld();
  put(world, { 'job.yaml': SMALL, '.config/dyn-slurm/clusters/hopper.yaml': 'preamble: x\n' });
  expect(await ok(world, 'check', 'job.yaml', '--cluster', 'hopper')).toBe(0);
  chmodSync(join(world.home, '.config'), 0o777);
  expect(await refusal(world, 'check', 'job.yaml', '--cluster', 'hopper')).toMatchObject({
    code: 'config',
    message: `the cluster profile ~/.config/dyn-slurm/clusters/hopper.yaml is not used: others than its owner, ${me()}, can write to ${world.home}/.config`,
  });
});

test("a folder in which nobody can replace what is another's is no door", async () => {
  const { world } = hostile('account: a\n');
  chmodSync(world.home, 0o1777);
  expect(await ok(world, 'check', 'job.yaml', '--cluster', 'hopper')).toBe(0);
});

test.each([
  ['file', PROFILE],
  ['folder', '.dyn-slurm'],
])('links are followed, and what they lead through is looked at: a %s', async (_, part) => {
  const { world } = hostile('account: a\n');
  mkdirSync(join(world.home, 'open'));
  renameSync(join(world.home, part), join(world.home, 'open/moved'));
  symlinkSync(join(world.home, 'open/../open/moved'), join(world.home, part));
  expect(await ok(world, 'check', 'job.yaml', '--cluster', 'hopper')).toBe(0);
  chmodSync(join(world.home, 'open'), 0o777);
  expect(await refusal(world, 'check', 'job.yaml', '--cluster', 'hopper')).toMatchObject({
    message: `the cluster profile ~/${PROFILE} is not used: others than its owner, ${me()}, can write to ${world.home}/open`,
  });
});

test.runIf(isRoot).each([
  ['the file', PROFILE],
  ['its folder', '.dyn-slurm/clusters'],
])("a profile is refused where %s is another user's", async (_, part) => {
  const { world } = hostile();
  const path = join(world.cwd, part);
  chownSync(path, FOREIGN, FOREIGN);
  for (const argv of [
    ['check', 'job.yaml', '--cluster', 'hopper'],
    ['trust', PROFILE],
  ])
    expect(await refusal(world, ...argv)).toMatchObject({
      code: 'config',
      message: expect.stringContaining(
        `${PROFILE} is not used: ${path} belongs to user ${FOREIGN}, who could change it`,
      ),
      hint: 'only you and root may be able to change a cluster profile and the folders above it: read it, copy it to ~/.config/dyn-slurm/clusters/hopper.yaml, or work in another folder',
    });
});

test('a FIFO, a circle of links and a huge file are refused, and nothing waits', async () => {
  const { world } = hostile();
  const path = join(world.cwd, PROFILE);
  const refused = () => refusal(world, 'check', 'job.yaml', '--cluster', 'hopper');
  await world.remove(path);
  execFileSync('mkfifo', ['-m', '600', path]);
  expect((await refused()).message).toContain('is not a regular file');
  await world.remove(path);
  symlinkSync('b.yaml', path);
  symlinkSync('hopper.yaml', join(world.cwd, '.dyn-slurm/clusters/b.yaml'));
  expect((await refused()).message).toBe('the cluster profile hopper is a broken symbolic link');
  await world.remove(path);
  put(world, { [PROFILE]: '#'.repeat(1024 * 1024 + 1) });
  expect((await refused()).message).toContain('is larger than 1 MiB');
});

test('a note of trust that others could have written counts for nothing', async () => {
  const { world } = hostile('preamble: x\n');
  expect(await ok(world, 'trust')).toBe(0);
  chmodSync(join(world.home, '.local/state/dyn-slurm/trusted'), 0o777);
  expect(await refusal(world, 'check', 'job.yaml', '--cluster', 'hopper')).toMatchObject({
    message: expect.stringContaining('you have not trusted it yet'),
  });
});

test('a relative folder of programs is meant from the home, not from where one is', async () => {
  const { world, mark } = hostile();
  put(world, { '.config/dyn-slurm/clusters/mine.yaml': 'slurm_bin: evil\n', 'deep/job.yaml': SMALL });
  put(world, { 'deep/evil/squeue': '#!/bin/sh\n: > deep\n' });
  chmodSync(join(world.cwd, 'deep/evil/squeue'), 0o755);
  await run(['submit', 'job.yaml', '--cluster', 'mine', '--test-only'], '1', {
    ...world,
    cwd: join(world.cwd, 'deep'),
  }).catch(() => {});
  expect(await world.exists(mark)).toBe(true);
});
