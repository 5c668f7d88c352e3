import { DynSlurmError } from '../errors.ts';
import { inferVerdict } from '../observe/inferred-verdict.ts';
import { queueEvent, unreachable } from '../observe/queue-event.ts';
import type { SubmittedJob } from '../observe/run.ts';
import { readRunLog } from '../observe/run-log.ts';
import { type RunState, stateAfter } from '../observe/run-state.ts';
import { asJobId, type JobId } from '../scheduler/job-id.ts';
import type { JobStatus } from '../scheduler/scheduler.ts';
import type { Connection } from './connect.ts';
import type { FoundRun } from './run-lookup.ts';
import type { World } from './world.ts';

/** A run as it is now: from its log, and from Slurm where it has no verdict. */
export interface RunReport extends FoundRun {
  readonly jobId: JobId | undefined;
  readonly state: RunState;
  /** Slurm could not be asked, so the state is what the log says. */
  readonly unreachable: boolean;
}

/** Runs as they are now, with one call of squeue for all that a cluster still has. */
export async function reportRuns(found: readonly FoundRun[], world: World): Promise<readonly RunReport[]> {
  const logged = await Promise.all(found.map((one) => fromLog(one)));
  const answers = new Map<Connection, Answer>();
  for (const connection of new Set(logged.map((report) => report.connection))) {
    const ids = logged.flatMap(({ connection: own, jobId, state }) =>
      own === connection && jobId !== undefined && !state.verdict ? [jobId] : [],
    );
    if (ids.length > 0) answers.set(connection, await ask(connection, ids, world));
  }
  return logged.map((report) => withQueue(report, answers.get(report.connection), world.now()));
}

async function fromLog({ run, connection }: FoundRun): Promise<RunReport> {
  const { events } = await readRunLog(connection.host, run);
  const state = stateAfter(events);
  return { run, connection, jobId: jobIdOf(run.job, state), state, unreachable: false };
}

/** The job's own first event names it too, where sbatch's answer was lost. */
export function jobIdOf(job: SubmittedJob | undefined, { started }: RunState): JobId | undefined {
  return job?.jobId ?? (started && asJobId(started.job));
}

type Answer = ReadonlyMap<JobId, JobStatus> | DynSlurmError;

async function ask({ scheduler }: Connection, ids: readonly JobId[], { signal }: World): Promise<Answer> {
  try {
    return await scheduler.status(ids, signal);
  } catch (error) {
    if (error instanceof DynSlurmError && error.code === 'connection') return error;
    throw error;
  }
}

function withQueue(report: RunReport, answer: Answer | undefined, now: Date): RunReport {
  const { jobId, state } = report;
  if (answer === undefined || jobId === undefined || state.verdict) return report;
  if (answer instanceof DynSlurmError) {
    return { ...report, state: { ...state, queue: unreachable(jobId, answer, now) }, unreachable: true };
  }
  const status = answer.get(jobId);
  if (status === undefined) return report;
  const queue = queueEvent(jobId, status, now);
  const left = queue.phase === 'ended' || queue.phase === 'gone';
  return { ...report, state: { ...state, queue, ...(left && { verdict: inferVerdict(state, queue, now) }) } };
}
