import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import process from 'node:process';
import { DynSlurmError } from '../../errors.ts';
import { ENGINES, type EngineEnvironment, type EngineName, OLDEST_GLIBC } from './catalog.ts';

/** @throws {DynSlurmError} `preflight` where no wheel of the environment runs on this machine */
export function refuseMachine(name: EngineName): void {
  const { title, machines }: EngineEnvironment = ENGINES[name];
  const refuse = (why: string, hint: string): never => {
    throw new DynSlurmError('preflight', `${title} cannot run on this machine: ${why}.`, { hint });
  };
  if (process.platform !== 'linux' || !machines.includes(process.arch))
    refuse(
      `it is ${process.platform} on ${process.arch}, and the wheels are for Linux on ${machines.join(' and ')}`,
      'Use another machine.',
    );
  const oldest = OLDEST_GLIBC.join('.');
  const found = glibcVersion();
  if (found === undefined || found[0] < OLDEST_GLIBC[0] || found[1] < OLDEST_GLIBC[1])
    refuse(
      `the wheels need glibc ${oldest} or newer, and ${found ? `this is ${found.join('.')}` : 'this is another C library'}`,
      'Debian 12, Ubuntu 22.04, RHEL 9 and newer systems have it; or run the engine from an image.',
    );
}

/** @throws {DynSlurmError} `preflight` where the disk of a folder, which exists, has too little room for an engine */
export async function refuseFullDisk(title: string, folder: string, room: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const free = (bavail * bsize) / 2 ** 30;
  if (free >= room) return;
  throw new DynSlurmError(
    'preflight',
    `Installing ${title} needs ${room} GiB; ${dirname(folder)} has ${free.toFixed(1)} GiB free.`,
    { hint: 'Free some space, or set XDG_CACHE_HOME to a folder on another disk.' },
  );
}

/** glibc's version, as `[2, 36]`; undefined with another C library. */
function glibcVersion(): readonly [number, number] | undefined {
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  const [major, minor] = (header.glibcVersionRuntime ?? '').split('.').map(Number);
  return major !== undefined && minor !== undefined ? [major, minor] : undefined;
}
