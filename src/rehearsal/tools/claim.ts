import { mkdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { pidWorld } from '../../host/pid-world.ts';
import { interrupted } from './child.ts';

/** The holder shows life this often, and counts as gone after being silent for `STALE`. Milliseconds. */
const BEAT = 2_000;
const STALE = 30_000;
const POLL = 200;

export interface ClaimOptions {
  /** Called once, with who holds the claim: `process 42 on host`. */
  readonly waiting: (holder: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Takes the right to build what belongs at `path`; waits while another process has it.
 * @returns the release, which may be called again.
 * @throws {DynSlurmError} `interrupted` when the signal aborts.
 */
export async function claim(path: string, { waiting, signal }: ClaimOptions): Promise<() => Promise<void>> {
  const folder = `${path}.lock`;
  let told = false;
  while (!(await take(folder))) {
    if (signal.aborted) throw interrupted();
    const holder = await readHolder(folder);
    if (holder === undefined) continue;
    if (!holder.alive) {
      await clear(folder, holder);
      continue;
    }
    if (!told && holder.name !== '') {
      waiting(holder.name);
      told = true;
    }
    await sleep(POLL);
  }
  const beat = setInterval(() => {
    const now = new Date();
    utimes(folder, now, now).catch(ignoreMissing);
  }, BEAT).unref();
  return async () => {
    clearInterval(beat);
    await rm(folder, { recursive: true, force: true });
  };
}

async function take(folder: string): Promise<boolean> {
  try {
    await mkdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
  await writeFile(holderFile(folder), `process ${process.pid} on ${hostname()}\n${pidWorld()}\n`);
  return true;
}

interface Holder {
  /** Empty as long as it has not said so. */
  readonly name: string;
  readonly alive: boolean;
}

/** Undefined where nobody holds the claim any more. */
async function readHolder(folder: string): Promise<Holder | undefined> {
  const found = await stat(folder).catch(ignoreMissing);
  if (found === undefined) return undefined;
  const text = await readFile(holderFile(folder), 'utf8').catch(() => '');
  const [name = '', world] = text.split('\n');
  const pid = /^process (\d+) on /.exec(name)?.[1];
  // Of a holder whose pids are not ours, only its silence tells.
  const dead = pid !== undefined && world === pidWorld() && !isAlive(Number(pid));
  return { name, alive: !dead && Date.now() - found.mtimeMs < STALE };
}

/** Removes a dead holder's claim, not one that another waiter has taken in its place since. */
async function clear(folder: string, dead: Holder): Promise<void> {
  const aside = `${folder}.${process.pid}`;
  await rename(folder, aside).catch(ignoreMissing);
  const moved = await readHolder(aside);
  if (moved !== undefined && moved.name !== dead.name) await rename(aside, folder);
  else await rm(aside, { recursive: true, force: true });
}

const holderFile = (folder: string): string => join(folder, 'holder');

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
  return undefined;
}
