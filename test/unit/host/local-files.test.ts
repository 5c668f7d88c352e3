import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, chown, lstat, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FIND_LOOSE } from '../../../src/host/ancestors.ts';
import { localHost } from '../../../src/host/local.ts';

const host = localHost({ path: [], env: {} });
const HINT =
  'run folders must be new and yours, in folders that only you and root can write to; set runs_dir in the cluster profile, or DYN_SLURM_RUNS, to another folder';

let root: string;
let umask: number;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'dyn-slurm-test-'));
  umask = process.umask(0);
});
afterEach(() => {
  process.umask(umask);
});

const files = (...entries: readonly (readonly [string, string, number])[]) =>
  new Map(entries.map(([path, text, mode]) => [path, { text, mode }]));
const mode = async (path: string) => ((await lstat(path)).mode & 0o7777).toString(8);

test.each([0o000, 0o022, 0o077])('makes exact modes under umask %o', async (mask) => {
  process.umask(mask);
  const dir = join(root, 'runs', 'r1-0a1b2c');
  await host.writeFiles(dir, files(['job.sbatch', '#!/bin/bash\n', 0o700], ['env/etcd.env', 'A=1\n', 0o600]));
  expect(await readFile(join(dir, 'env/etcd.env'), 'utf8')).toBe('A=1\n');
  expect([await mode(dir), await mode(join(dir, 'env')), await mode(join(dir, 'job.sbatch'))]).toEqual([
    '700',
    '700',
    '700',
  ]);
  expect(await mode(join(dir, 'env/etcd.env'))).toBe('600');
});

test('a folder that it made and cannot fill goes again', async () => {
  const dir = join(root, 'run');
  const long = 'x'.repeat(256);
  await expect(
    host.writeFiles(dir, files(['job.sbatch', '', 0o600], [long, '', 0o600])),
  ).rejects.toMatchObject({
    code: 'preflight',
    message: expect.stringMatching(new RegExp(`^${dir}/${long} cannot be written: ENAMETOOLONG: `)),
  });
  await expect(lstat(dir)).rejects.toThrow('ENOENT');
  await mkdir(dir, { mode: 0o700 });
  await expect(host.writeFiles(dir, files([long, '', 0o600]))).rejects.toThrow('cannot be written');
  expect(await mode(dir)).toBe('700');
});

test('closes a folder of ours that was open to others', async () => {
  const dir = join(root, 'run');
  await mkdir(dir, { mode: 0o777 });
  await chmod(dir, 0o777);
  await host.writeFiles(dir, files(['job.json', '{}', 0o600]));
  expect(await mode(dir)).toBe('700');
});

test.each([
  ['the file', 'job.sbatch'],
  ['a file that is not there', 'job.sbatch', 'dangling'],
])('never writes through a link in place of %s', async (_, name, target = 'victim') => {
  const dir = join(root, 'run');
  await mkdir(dir);
  await writeFile(join(root, 'victim'), 'before');
  await symlink(join(root, target), join(dir, name));
  await expect(host.writeFiles(dir, files([name, 'planted', 0o700]))).rejects.toMatchObject({
    code: 'preflight',
    message: `${dir}/job.sbatch already exists`,
    hint: HINT,
  });
  expect(await readFile(join(root, 'victim'), 'utf8')).toBe('before');
});

test('never follows a link in place of the folder, or of one inside', async () => {
  const elsewhere = join(root, 'elsewhere');
  await mkdir(elsewhere);
  await symlink(elsewhere, join(root, 'run'));
  await expect(host.writeFiles(join(root, 'run'), files(['a', '', 0o600]))).rejects.toMatchObject({
    message: `${root}/run is a symbolic link`,
  });
  await mkdir(join(root, 'other'));
  await symlink(elsewhere, join(root, 'other/env'));
  await expect(host.writeFiles(join(root, 'other'), files(['env/a', '', 0o600]))).rejects.toMatchObject({
    message: `${root}/other/env is a symbolic link`,
  });
  expect(await host.list(elsewhere)).toEqual([]);
});

test('never writes over a file', async () => {
  await host.writeFiles(join(root, 'run'), files(['job.json', 'first', 0o600]));
  await expect(
    host.writeFiles(join(root, 'run'), files(['job.json', 'second', 0o600])),
  ).rejects.toMatchObject({
    code: 'preflight',
  });
  expect(await host.readText(join(root, 'run/job.json'))).toBe('first');
});

test.runIf(process.getuid?.() === 0)('refuses a folder of another user', async () => {
  await mkdir(join(root, 'run'));
  await chown(join(root, 'run'), 65534, 65534);
  await expect(host.writeFiles(join(root, 'run'), files(['a', '', 0o600]))).rejects.toMatchObject({
    code: 'preflight',
    message: `${root}/run belongs to user 65534`,
  });
});

/** Folders and links above a run folder `a/b/run`, by which somebody else could replace it; and what is said of them. */
const LOOSE: readonly (readonly [string, (root: string) => Promise<unknown>, string | undefined])[] = [
  [
    'a folder that a group can write to',
    (root) => chmod(join(root, 'a'), 0o2770),
    'a has mode 2770 and owner 0',
  ],
  [
    'a folder that all can write to',
    (root) => chmod(join(root, 'a/b'), 0o757),
    'a/b has mode 757 and owner 0',
  ],
  ['a folder of another user', (root) => chown(join(root, 'a'), 65534, 0), 'a belongs to user 65534'],
  [
    'a sticky folder of another user',
    async (root) => {
      await chmod(join(root, 'a'), 0o1777);
      await chown(join(root, 'a'), 1234, 0);
    },
    'a belongs to user 1234',
  ],
  [
    'a link to such a folder',
    async (root) => {
      await mkdir(join(root, 'open/b'), { recursive: true, mode: 0o700 });
      await chmod(join(root, 'open'), 0o777);
      await rm(join(root, 'a'), { recursive: true });
      await symlink('open', join(root, 'a'));
    },
    'open has mode 777 and owner 0',
  ],
  ['a sticky folder of root', (root) => chmod(join(root, 'a'), 0o1777), undefined],
  ['a folder of a system account', (root) => chown(join(root, 'a'), 33, 33), undefined],
  ['a folder that others can read', (root) => chmod(join(root, 'a'), 0o755), undefined],
];

test.runIf(process.getuid?.() === 0).each(LOOSE)('%s above a run folder', async (_, loosen, said) => {
  await mkdir(join(root, 'a/b'), { recursive: true, mode: 0o700 });
  await loosen(root);
  const dir = join(root, 'a/b/run');
  const written = await host.writeFiles(dir, files(['job.sbatch', 'x', 0o700])).catch((error) => error);
  // The program for a login node judges alike.
  const program = `note() { :; }\nrefuse() { echo "$1 $2"; exit 1; }\n${FIND_LOOSE}above "$1"`;
  const { stdout } = await promisify(execFile)('bash', ['-c', program, 'bash', join(root, 'a/b')]).catch(
    (error) => error,
  );
  if (said === undefined) {
    expect(written).toBeUndefined();
    expect(stdout).toBe('');
    return;
  }
  const why = /mode/.test(said) ? 'so others' : 'who';
  const message = `${root}/${said}, ${why} can replace your run folder by a folder of their own`;
  expect(written).toMatchObject({ code: 'preflight', message, hint: HINT });
  expect(stdout).toBe(`${message}\n`);
  expect(existsSync(dir)).toBe(false);
});

test.each(['../a', '/a', 'a//b', 'b/../../a'])('%s is no path for a bundle', async (path) => {
  await expect(host.writeFiles(join(root, 'run'), files([path, '', 0o600]))).rejects.toThrow(
    `${path} is not a plain relative path`,
  );
});

test('what is not there is empty, not an error', async () => {
  expect(await host.readText(join(root, 'no'))).toBeUndefined();
  expect(await host.read(join(root, 'no'), 0, 10)).toBeUndefined();
  expect(await host.list(join(root, 'no'))).toEqual([]);
});

test('reads parts of a file, and nothing past its end', async () => {
  await writeFile(join(root, 'log'), '0123456789');
  const part = async (offset: number, length: number) =>
    Buffer.from((await host.read(join(root, 'log'), offset, length))?.bytes ?? []).toString();
  expect([await part(0, 4), await part(8, 4), await part(20, 4)]).toEqual(['0123', '89', '']);
});
