import { DynSlurmError } from '../../errors.ts';
import { type Run, recordJob, type SessionFacts, type SubmittedJob } from '../../run/folder.ts';
import type { RunState } from '../../run/state.ts';
import { asJobId, type JobId } from '../../scheduler/job-id.ts';
import type { FoundJob } from '../../scheduler/scheduler.ts';
import type { World } from '../world.ts';
import type { Connection } from './cluster/connect.ts';
import type { Noted } from './submit/origin.ts';

/** The job's own first event names it too, where sbatch's answer was lost. */
export function jobIdOf(job: SubmittedJob | undefined, { started }: RunState): JobId | undefined {
  return job?.jobId ?? (started && asJobId(started.job));
}

/**
 * The run with its job: where a submit was cut off before it could note the job, the one that has its comment.
 * @throws DynSlurmError `usage` where there is none.
 */
export async function withJob(
  run: Run,
  past: RunState,
  connection: Connection,
  world: World,
): Promise<{ readonly run: Run; readonly jobId: JobId }> {
  const known = jobIdOf(run.job, past);
  if (known !== undefined) return { run, jobId: known };
  const found = (await connection.scheduler.find([run.id], world.signal)).get(run.id);
  if (found === undefined) throw neverSubmitted(run);
  return { run: await adopt(run, found, connection, world), jobId: found.jobId };
}

/** Notes the job of a cut-off submit, so that it is known when the queue has forgotten it. */
export async function adopt(
  run: Run,
  { jobId, submitted }: Pick<FoundJob, 'jobId' | 'submitted'>,
  { host, cluster }: Connection,
  world: World,
  session?: SessionFacts,
  noted: Noted = {},
): Promise<Run> {
  const time = submitted === undefined ? world.now() : new Date(submitted * 1000);
  const job = { jobId, cluster, submitted: time.toISOString(), ...noted, ...(session && { session }) };
  try {
    return await recordJob(host, run, job);
  } catch (error) {
    // Somebody else has noted it meanwhile, or the folder is not ours to write to.
    if (error instanceof DynSlurmError) return { ...run, job };
    throw error;
  }
}

function neverSubmitted(run: Run): DynSlurmError {
  return new DynSlurmError(
    'usage',
    `run ${run.id} has no job: sbatch never answered, and the queue has no job of this run`,
    { hint: `submit it again; ${run.dir} can be deleted` },
  );
}
