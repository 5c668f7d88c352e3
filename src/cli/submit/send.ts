import { createHash } from 'node:crypto';
import { DynSlurmError } from '../../errors.ts';
import type { Host } from '../../host/host.ts';
import { onAbort } from '../../host/on-abort.ts';
import type { Plan } from '../../plan/plan.ts';
import { type Run, recordJob, type SubmittedJob } from '../../run/folder.ts';
import type { JobId } from '../../scheduler/job-id.ts';
import type { SubmitRequest } from '../../scheduler/scheduler.ts';
import type { Connection } from '../cluster/connect.ts';
import type { World } from '../world.ts';
import { forgetSubmission, noteSubmission, type Submission } from './journal.ts';
import { resumeSubmission } from './resume.ts';
import { readSecrets } from './secrets.ts';

/** A run whose job Slurm has taken. */
export interface Sent {
  readonly run: Run;
  readonly jobId: JobId;
  /** RFC 3339. */
  readonly submitted: string;
}

/** What job.json notes of a run beside its job: where it comes from, and of a retry whose it is, and which attempt. */
export type Noted = Omit<SubmittedJob, 'jobId' | 'cluster' | 'submitted' | 'session'>;

/**
 * Makes the run folder and submits its job, at most once: where an earlier submit of the same job was cut off, its job is
 * looked for first. A refused job leaves nothing behind.
 */
export async function sendJob(
  request: SubmitRequest,
  run: Run,
  plan: Plan,
  connection: Connection,
  world: World,
  noted: Noted,
): Promise<Sent> {
  const { host, scheduler, cluster } = connection;
  const secrets = await readSecrets(plan, world);
  const submission = begin(request, cluster, world, noted);
  const earlier = await resumeSubmission(submission, connection, world);
  if (earlier) return earlier;
  await noteSubmission(submission, world);
  const heard = sayLate(run, world);
  try {
    const jobId = await scheduler.submit(request, world.signal, secrets);
    const job = { jobId, cluster, submitted: submission.began, ...noted };
    return { run: await note(run, job, connection, world), jobId, submitted: job.submitted };
  } catch (error) {
    // The job may be in the queue: the folder has to stay for it, and the note for the next submit.
    if (error instanceof DynSlurmError && error.code === 'connection' && !isWithoutSlurm(error)) throw error;
    await forgetSubmission(run.id, world);
    if (isWithoutSlurm(error) || (error instanceof DynSlurmError && error.code === 'rejected')) {
      await host.remove(run.dir);
    }
    throw orWithoutSlurm(error, host);
  } finally {
    heard();
  }
}

/** Milliseconds that sbatch has to answer after an interrupt, before the person is told that it is left alone. */
const LATE = 1000;

/** Says, after an interrupt, where the job is to be looked for if sbatch does not answer soon; what this gives ends that. */
function sayLate({ id }: Run, { signal, err }: World): () => void {
  let timer: NodeJS.Timeout | undefined;
  const forget = onAbort(signal, () => {
    timer = setTimeout(
      () =>
        err.write(
          `sbatch has not answered yet; Slurm may still accept the job: \`dyn-slurm status ${id}\` shows whether it did, and submitting the same config again continues with it\n`,
        ),
      LATE,
    );
  });
  return () => {
    forget();
    clearTimeout(timer);
  };
}

function begin(
  { run, files, command }: SubmitRequest,
  cluster: string,
  { self, now }: World,
  { retryOf }: Noted,
): Submission {
  const dependencies = command.filter((word) => word.startsWith('--dependency='));
  const same = [[...files].map(([path, { text }]) => [path, text]), dependencies, retryOf];
  return {
    run: run.id,
    dir: run.dir,
    cluster,
    digest: createHash('sha256').update(JSON.stringify(same)).digest('hex'),
    machine: self.machine,
    pid: self.pid,
    pidWorld: self.pidWorld(),
    began: now().toISOString(),
  };
}

/** A job that cannot be noted, on a full disk for one, goes on all the same, and is found by its comment. */
async function note(run: Run, job: SubmittedJob, { host }: Connection, world: World): Promise<Run> {
  try {
    const noted = await recordJob(host, run, job);
    await forgetSubmission(run.id, world);
    return noted;
  } catch (error) {
    if (!(error instanceof DynSlurmError)) throw error;
    world.err.write(`warning: ${error.message}\n`);
    return { ...run, job };
  }
}

function isWithoutSlurm(error: unknown): error is DynSlurmError {
  if (!(error instanceof DynSlurmError)) return false;
  return (error.cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT';
}

/** The error, or that there is no Slurm here. A host at a distance has looked around, and says more. */
export function orWithoutSlurm(error: unknown, host: Host): unknown {
  return isWithoutSlurm(error) && !host.dial ? withoutSlurm(error) : error;
}

function withoutSlurm(cause: DynSlurmError): DynSlurmError {
  return new DynSlurmError('preflight', 'Slurm is not available here: sbatch is not on PATH', {
    hint: 'run this on a login node, or name the folder of sbatch as slurm_bin in the cluster profile; `--cluster local` and `dyn-slurm rehearse` run the job on this machine, without Slurm and GPUs',
    cause,
  });
}
