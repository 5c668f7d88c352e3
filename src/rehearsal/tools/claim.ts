import { mkdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { interrupted } from './program.ts';

/** The holder shows life this often, and counts as gone after being silent for `STALE`. Milliseconds. */
const BEAT = 2_000;
const STALE = 30_000;
const POLL = 200;

/**
 * Takes the right to build what belongs at `path`; waits while another process has it.
 * @returns the release, which may be called again.
 * @throws {DynSlurmError} `interrupted` when the signal aborts.
 */
export async function claim(
  path: string,
  options: { waiting: (holder: string) => void; signal?: AbortSignal | undefined },
): Promise<() => Promise<void>> {
  const folder = `${path}.lock`;
  let told = false;
  while (!(await take(folder))) {
    const holder = await liveHolder(folder);
    if (holder === undefined) {
      // Renamed first, so that of two waiters only one removes it.
      const gone = `${folder}.${process.pid}`;
      await rename(folder, gone).catch(ignoreMissing);
      await rm(gone, { recursive: true, force: true });
      continue;
    }
    if (!told) options.waiting(holder);
    told = true;
    if (options.signal?.aborted) throw interrupted();
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
  await writeFile(join(folder, 'holder'), `${process.pid} ${hostname()}\n`);
  return true;
}

/** Who holds the claim, as `process 42 on host`; undefined where nobody does any more. */
async function liveHolder(folder: string): Promise<string | undefined> {
  const [text, age] = await Promise.all([
    readFile(join(folder, 'holder'), 'utf8').catch(() => ''),
    stat(folder).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => Number.POSITIVE_INFINITY,
    ),
  ]);
  if (age > STALE) return undefined;
  const [pid, host] = text.trim().split(' ');
  if (pid && host === hostname() && !isAlive(Number(pid))) return undefined;
  return `process ${pid ?? '?'} on ${host ?? '?'}`;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
