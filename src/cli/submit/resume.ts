import { DynSlurmError } from '../../errors.ts';
import { past } from '../../format.ts';
import { readRun } from '../../run/folder.ts';
import type { FoundJob } from '../../scheduler/scheduler.ts';
import type { Connection } from '../cluster/connect.ts';
import { adopt } from '../run/adopt.ts';
import type { World } from '../world.ts';
import { earlierSubmissions, forgetSubmission, type Submission } from './journal.ts';
import type { Sent } from './send.ts';

/**
 * The job of an earlier submit of the same job that was cut off after Slurm had taken it, where it still waits or runs.
 * What Slurm never took is cleared away, unless it may be in flight on another machine. @throws DynSlurmError `connection` where Slurm cannot be asked.
 */
export async function resumeSubmission(
  submission: Submission,
  connection: Connection,
  world: World,
): Promise<Sent | undefined> {
  const { host } = connection;
  for (const earlier of await earlierSubmissions(submission, world)) {
    const found = await ask(earlier, connection, world);
    const lives = found !== undefined && found.state.phase !== 'ended';
    if (!lives && earlier.end === 'unknown') {
      // Its sbatch may be about to run, in the folder that it has made.
      world.err.write(
        `warning: a submit of this job was begun on ${earlier.machine} ${past(new Date(earlier.began), world.now())}, as run ${earlier.run}, and may still be in progress there; it is left alone, and this is another run\n`,
      );
      continue;
    }
    if (!lives) {
      // Should its sbatch live on somewhere, its job would find no folder, and end at once.
      if (!found && !(await hasRun(earlier, connection))) await host.remove(earlier.dir);
      await forgetSubmission(earlier.run, world);
      continue;
    }
    const run = await adopt(await readRun(host, earlier.dir), found, connection, world);
    await forgetSubmission(earlier.run, world);
    world.err.write(
      'an earlier submit of this job was interrupted after Slurm had accepted it: this is its run, and nothing new was submitted\n',
    );
    return { run, jobId: found.jobId, submitted: run.job?.submitted ?? earlier.began };
  }
  return undefined;
}

async function ask(
  { run, began }: Submission,
  { scheduler }: Connection,
  { signal }: World,
): Promise<FoundJob | undefined> {
  try {
    return (await scheduler.find([run], signal)).get(run);
  } catch (error) {
    if (!(error instanceof DynSlurmError) || error.code !== 'connection') throw error;
    throw new DynSlurmError(
      'connection',
      `a submit of this job was interrupted (run ${run}, ${began}), and Slurm cannot be asked whether it accepted the job\n${error.message}`,
      { hint: 'nothing was submitted; try again when Slurm answers', cause: error },
    );
  }
}

async function hasRun({ dir }: Submission, { host }: Connection): Promise<boolean> {
  const names = await host.list(dir);
  return ['job.json', 'events.jsonl', 'job.log'].some((name) => names.includes(name));
}
