import { join } from 'node:path';
import type { World } from '../../world.ts';
import { stateFolder } from '../own-folders.ts';

/** A submit that has begun. Its note goes when Slurm has answered, so what is left was cut off. */
export interface Submission {
  readonly run: string;
  /** Of the run, absolute, on the cluster. */
  readonly dir: string;
  readonly cluster: string;
  /** The same for two submits of the same job. */
  readonly digest: string;
  /** Who submits: a machine's name, and a process there. */
  readonly machine: string;
  readonly pid: number;
  /** Only in the same does the pid tell whether that process lives. */
  readonly pidWorld: string;
  /** RFC 3339. */
  readonly began: string;
}

/** Milliseconds in which sbatch has answered or was given up; documented in docs/runs.md. */
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

/** An earlier submit of the same job. */
export interface EarlierSubmission extends Submission {
  /** `unknown`: it was begun elsewhere, so recently that it may be in flight still. */
  readonly end: 'cut off' | 'unknown';
}

/** Submits of the same job to the same cluster that are not known to be in flight, the newest first. */
export async function earlierSubmissions(
  like: Submission,
  world: World,
): Promise<readonly EarlierSubmission[]> {
  const names = await world.listDir(folder(world));
  const noted = await Promise.all(names.map((name) => read(join(folder(world), name), world)));
  const now = world.now().getTime();
  const found: EarlierSubmission[] = [];
  for (const submission of noted) {
    if (submission === undefined) continue;
    // The clocks of two machines differ, if only a little.
    const age = Math.abs(now - Date.parse(submission.began));
    if (!(age < KEPT)) await forgetSubmission(submission.run, world);
    else if (isSame(submission, like)) {
      const end = endOf(submission, age, world);
      if (end !== 'in flight') found.push({ ...submission, end });
    }
  }
  return found.sort((a, b) => b.began.localeCompare(a.began));
}

const isSame = (a: Submission, b: Submission): boolean => a.digest === b.digest && a.cluster === b.cluster;

function endOf(
  { pid, pidWorld }: Submission,
  age: number,
  { self }: World,
): EarlierSubmission['end'] | 'in flight' {
  if (age >= IN_FLIGHT) return 'cut off';
  if (pidWorld !== self.pidWorld()) return 'unknown';
  return self.lives(pid) ? 'in flight' : 'cut off';
}

async function read(path: string, world: World): Promise<Submission | undefined> {
  try {
    const noted = JSON.parse(await world.readFile(path)) as Partial<Record<keyof Submission, unknown>>;
    const { run, dir, cluster, digest, machine, pid, pidWorld = '', began } = noted;
    const texts = [run, dir, cluster, digest, machine, pidWorld, began];
    if (!texts.every((text) => typeof text === 'string') || typeof pid !== 'number') return undefined;
    return { ...noted, pidWorld } as Submission;
  } catch {
    // Cut off itself, or gone meanwhile.
    return undefined;
  }
}
