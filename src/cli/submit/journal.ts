import { join } from 'node:path';
import { stateFolder } from '../own-folders.ts';
import type { World } from '../world.ts';

/** A submit that has begun. Its note goes when Slurm has answered, so what is left was cut off. */
export interface Submission {
  readonly run: string;
  /** Of the run, absolute, on the cluster. */
  readonly dir: string;
  readonly cluster: string;
  /** The same for two submits of the same job. */
  readonly digest: string;
  /** Who submits: a process of this machine. */
  readonly machine: string;
  readonly pid: number;
  /** RFC 3339. */
  readonly began: string;
}

/** Milliseconds in which sbatch has answered or was given up. */
const IN_FLIGHT = 10 * 60_000;
/** Milliseconds after which nobody submits the same job again because it was cut off. */
const KEPT = 7 * 24 * 3_600_000;

const folder = (world: World): string => join(stateFolder(world), 'submits');

/** A home that cannot be written to is no reason not to submit. */
export async function noteSubmission(submission: Submission, world: World): Promise<void> {
  const path = join(folder(world), `${submission.run}.json`);
  await world.writeFile(path, `${JSON.stringify(submission)}\n`, 0o600).catch(() => {});
}

export async function forgetSubmission(run: string, world: World): Promise<void> {
  await world.remove(join(folder(world), `${run}.json`)).catch(() => {});
}

/** Submits of the same job to the same cluster that were cut off, the newest first. */
export async function cutOffSubmissions(like: Submission, world: World): Promise<readonly Submission[]> {
  const names = await world.listDir(folder(world));
  const noted = await Promise.all(names.map((name) => read(join(folder(world), name), world)));
  const now = world.now().getTime();
  const found: Submission[] = [];
  for (const submission of noted) {
    if (submission === undefined) continue;
    const age = now - Date.parse(submission.began);
    if (!(age < KEPT)) await forgetSubmission(submission.run, world);
    else if (isSame(submission, like) && !isInFlight(submission, age, world)) found.push(submission);
  }
  return found.sort((a, b) => b.began.localeCompare(a.began));
}

const isSame = (a: Submission, b: Submission): boolean => a.digest === b.digest && a.cluster === b.cluster;

function isInFlight({ machine, pid }: Submission, age: number, { self }: World): boolean {
  // Of a process on another machine that shares this home, nothing is known.
  return age < IN_FLIGHT && machine === self.machine && self.lives(pid);
}

async function read(path: string, world: World): Promise<Submission | undefined> {
  try {
    return JSON.parse(await world.readFile(path)) as Submission;
  } catch {
    // Cut off itself, or gone meanwhile.
    return undefined;
  }
}
