import { createHash } from 'node:crypto';
import { DynSlurmError } from '../../../errors.ts';
import { past } from '../../../format.ts';
import type { Host } from '../../../host/host.ts';
import { onAbort } from '../../../host/on-abort.ts';
import type { Plan } from '../../../plan/plan.ts';
import { createRun, type Run, readRun, recordJob, type SubmittedJob } from '../../../run/folder.ts';
import type { JobId } from '../../../scheduler/job-id.ts';
import type { FoundJob, SubmitRequest } from '../../../scheduler/scheduler.ts';
import { submitRequest } from '../../../scheduler/slurm-argv.ts';
import type { World } from '../../world.ts';
import { adopt } from '../adopt.ts';
import type { Connection } from '../cluster/connect.ts';
import { earlierSubmissions, forgetSubmission, noteSubmission, type Submission } from './journal.ts';
import type { Noted } from './origin.ts';
import { readSecrets } from './secrets.ts';

/** A run whose job Slurm has taken. */
export interface Sent {
  readonly run: Run;
  readonly jobId: JobId;
  /** RFC 3339. */
  readonly submitted: string;
}

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
  const earlier = await resumeSubmission(submission, connection, world, noted);
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

/**
 * The job of an earlier submit of the same job that was cut off after Slurm had taken it, where it still waits or runs.
 * What Slurm never took is cleared away, unless it may be in flight on another machine. @throws DynSlurmError `connection` where Slurm cannot be asked.
 */
async function resumeSubmission(
  submission: Submission,
  connection: Connection,
  world: World,
  noted: Noted,
): Promise<Sent | undefined> {
  const { host } = connection;
  for (const earlier of await earlierSubmissions(submission, world)) {
    const found = await ask(earlier, connection, world);
    const lives = found !== undefined && found.state.phase !== 'ended';
    if (!lives && earlier.end === 'unknown') {
      // Its sbatch may be about to run, in the folder that it has made.
      world.err.write(
        `warning: a submission of this job was started on ${earlier.machine} ${past(new Date(earlier.began), world.now())}, as run ${earlier.run}, and may still be in progress there; it is left unchanged, and this is a new run\n`,
      );
      continue;
    }
    if (!lives) {
      // Should its sbatch live on somewhere, its job would find no folder, and end at once.
      if (!found && !(await hasRun(earlier, connection))) await host.remove(earlier.dir);
      await forgetSubmission(earlier.run, world);
      continue;
    }
    const run = await adopt(await readRun(host, earlier.dir), found, connection, world, undefined, noted);
    await forgetSubmission(earlier.run, world);
    world.err.write(
      'an earlier submission of this job was interrupted after Slurm had accepted it: this is its run, and nothing new was submitted\n',
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
      `a submission of this job was interrupted (run ${run}, ${began}), and Slurm cannot be queried whether it accepted the job\n${error.message}`,
      { hint: 'nothing was submitted; try again when Slurm answers', cause: error },
    );
  }
}

async function hasRun({ dir }: Submission, { host }: Connection): Promise<boolean> {
  const names = await host.list(dir);
  return ['job.json', 'events.jsonl', 'job.log'].some((name) => names.includes(name));
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
  { retryOf, attempt, group }: Noted,
): Submission {
  // What a variant waits for are the jobs of others of its group, and new whenever they are submitted.
  const dependencies =
    group === undefined ? command.filter((word) => word.startsWith('--dependency=')) : [attempt];
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
    hint: 'run this on a login node, or set slurm_bin in the cluster profile to the folder of sbatch; `--cluster local` and `dyn-slurm rehearse` run the job on this machine, without Slurm and GPUs',
    cause,
  });
}

/** A job with the runs that start if it fails. */
interface Chain {
  readonly request: SubmitRequest;
  readonly run: Run;
  readonly plan: Plan;
  /** How many. */
  readonly retries: number;
}

/** Submits a job, and then its retries. */
export async function* sendChain(
  { request, run, plan, retries }: Chain,
  connection: Connection,
  world: World,
  noted: Noted,
): AsyncGenerator<Sent> {
  const first = await sendJob(request, run, plan, connection, world, noted);
  yield first;
  yield* sendRetries(first, retries, request, plan, connection, world, noted);
}

/**
 * Submits the same job again, as runs of their own that start only if all before them have failed. Each has to name all of
 * them: when the first one succeeds Slurm withdraws the second, which for Slurm is then one that failed.
 */
async function* sendRetries(
  first: Sent,
  count: number,
  { files, given }: SubmitRequest,
  plan: Plan,
  connection: Connection,
  world: World,
  origin: Noted,
): AsyncGenerator<Sent> {
  const chain = [first];
  for (let attempt = 2; attempt <= count + 1; attempt++) {
    const run = createRun(connection.runsDir, first.run.name, world.randomHex(3));
    const after = [{ when: 'afternotok' as const, jobs: chain.map(({ jobId }) => jobId) }];
    const request = submitRequest(run, files, after, given);
    const retry = { ...origin, retryOf: first.run.id, attempt };
    const sent = await sendJob(request, run, plan, connection, world, retry);
    chain.push(sent);
    yield sent;
  }
}
