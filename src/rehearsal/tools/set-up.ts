import { mkdir, readdir, rename, rm, statfs } from 'node:fs/promises';
import { basename, join } from 'node:path';
import process from 'node:process';
import { DynSlurmError } from '../../errors.ts';
import type { Environment } from '../../host/environment.ts';
import type { Report } from './build.ts';
import { addShellcheck, build } from './build.ts';
import { claim } from './claim.ts';
import { findTools, type Tools, type ToolsPlace, toolsIn } from './tools.ts';

export interface SetUpOptions {
  readonly place: ToolsPlace;
  readonly env: Environment;
  /** shellcheck too. */
  readonly withTests?: boolean;
  readonly report: Report;
  readonly signal: AbortSignal;
}

/** The finished tools, and pip's own copies on the way. MiB. */
const ROOM = 700;

/**
 * Installs the tools of a rehearsal, unless they are there.
 * Builds beside the final folder and renames, so that no one ever sees half of them.
 * @throws {DynSlurmError} `preflight` with what is missing and how to get it; `interrupted`.
 */
export async function setUpTools(options: SetUpOptions): Promise<Tools> {
  const { place, withTests = false, report, signal } = options;
  const there = findTools(place, { withTests });
  if (there !== undefined) return there;
  await prepare(place);
  const first = findTools(place) === undefined ? 'python' : 'shellcheck';
  const release = await claim(place.folder, {
    waiting: (holder) => report({ kind: 'waiting', step: first, detail: holder }),
    signal,
  });
  const building = `${place.folder}.tmp-${process.pid}`;
  try {
    await removeLeftovers(place);
    if (findTools(place) === undefined) {
      await build(building, options);
      // What is there lacks its stamp or lost a part.
      await rm(place.folder, { recursive: true, force: true });
      await rename(building, place.folder);
    }
    if (withTests && findTools(place, { withTests }) === undefined) await addShellcheck(building, options);
  } finally {
    // What a stopped program started may write a moment longer.
    await rm(building, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
    await release();
  }
  return toolsIn(place.folder);
}

async function prepare({ cache }: ToolsPlace): Promise<void> {
  try {
    await mkdir(cache, { recursive: true });
  } catch (error) {
    throw new DynSlurmError(
      'preflight',
      `Cannot create the folder of the tools: ${(error as Error).message}`,
      {
        hint: 'Set XDG_CACHE_HOME to a writable folder.',
        cause: error,
      },
    );
  }
  const { bavail, bsize } = await statfs(cache);
  const free = Math.floor((bavail * bsize) / 2 ** 20);
  if (free >= ROOM) return;
  throw new DynSlurmError(
    'preflight',
    `Installing the tools needs ${ROOM} MiB; ${cache} has ${free} MiB free.`,
    { hint: 'Free some space, or set XDG_CACHE_HOME to a folder on another disk.' },
  );
}

/** Removes what killed setups left. Only the holder of the claim builds, so all of them are dead. */
async function removeLeftovers({ cache, folder }: ToolsPlace): Promise<void> {
  const prefix = `${basename(folder)}.tmp-`;
  const left = (await readdir(cache)).filter((name) => name.startsWith(prefix));
  await Promise.all(left.map((name) => rm(join(cache, name), { recursive: true, force: true })));
}
