import { DynSlurmError } from '../errors.ts';
import { type Run, recordJob } from '../observe/run.ts';
import type { Plan } from '../plan/plan.ts';
import type { JobId } from '../scheduler/job-id.ts';
import type { SubmitRequest } from '../scheduler/scheduler.ts';
import type { Connection } from './connect.ts';
import { readSecrets } from './secrets.ts';
import type { World } from './world.ts';

/** A run whose job Slurm has taken. */
export interface Sent {
  readonly run: Run;
  readonly jobId: JobId;
  /** RFC 3339. */
  readonly submitted: string;
}

/** Makes the run folder and submits its job. A refused job leaves nothing behind. */
export async function sendJob(
  request: SubmitRequest,
  run: Run,
  plan: Plan,
  { host, scheduler, cluster }: Connection,
  world: World,
): Promise<Sent> {
  const secrets = await readSecrets(plan, world);
  const submitted = world.now().toISOString();
  try {
    const jobId = await scheduler.submit(request, world.signal, secrets);
    return { run: await recordJob(host, run, { jobId, cluster, submitted }), jobId, submitted };
  } catch (error) {
    // Otherwise the job may be in the queue, and the folder has to stay for it.
    if (isWithoutSlurm(error) || (error instanceof DynSlurmError && error.code === 'rejected')) {
      await world.remove(run.dir);
    }
    throw isWithoutSlurm(error) ? withoutSlurm(error) : error;
  }
}

function isWithoutSlurm(error: unknown): error is DynSlurmError {
  if (!(error instanceof DynSlurmError) || error.code !== 'connection') return false;
  return (error.cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT';
}

function withoutSlurm(cause: DynSlurmError): DynSlurmError {
  return new DynSlurmError('preflight', 'there is no Slurm here: sbatch is not on PATH', {
    hint: 'run this on a login node, or name the folder of sbatch as slurm_bin in the cluster profile; `--cluster local` and `dyn-slurm rehearse` run the job on this machine, without Slurm and GPUs',
    cause,
  });
}
