import { join } from 'node:path';
import type { z } from 'zod';
import { fields, number, parseJson, read, text } from '../../../run/lenient.ts';
import type { World } from '../../world.ts';
import { stateFolder } from '../own-folders.ts';

const SUBMISSION = fields({
  run: text,
  /** Absolute path of the run folder on the cluster. */
  dir: text,
  cluster: text,
  /** The same for two submits of the same job. */
  digest: text,
  /** Who submits: a machine's name, and a process there. */
  machine: text,
  pid: number,
  /** Only in the same does the pid tell whether that process lives. */
  pidWorld: text.catch(''),
  /** RFC 3339. */
  began: text,
});

/** A submit that has begun. Its note goes when Slurm has answered, so what is left was cut off. */
export type Submission = z.output<typeof SUBMISSION>;

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
export type EarlierSubmission = Submission & {
  /** `unknown`: it was begun elsewhere, so recently that it may be in flight still. */
  readonly end: 'cut off' | 'unknown';
};

/** Submits of the same job to the same cluster that are not known to be in flight, the newest first. */
export async function earlierSubmissions(
  like: Submission,
  world: World,
): Promise<readonly EarlierSubmission[]> {
  const names = await world.listDir(folder(world));
  const noted = await Promise.all(names.map((name) => readNote(join(folder(world), name), world)));
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

/** Undefined for one that was cut off itself, or is gone meanwhile. */
async function readNote(path: string, world: World): Promise<Submission | undefined> {
  return read(SUBMISSION, parseJson(await world.readFile(path).catch(() => '')));
}
