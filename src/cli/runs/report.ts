import { DynSlurmError } from '../../errors.ts';
import { finalVerdict } from '../../observe/final-verdict.ts';
import { queueEvent, unreachable } from '../../observe/queue-event.ts';
import type { RunSignature } from '../../observe/run-signature.ts';
import { readRunLogs } from '../../run/event-log.ts';
import type { Load } from '../../run/service-event.ts';
import { betweenAttempts, type RunState, stateAfter } from '../../run/state.ts';
import type { JobId } from '../../scheduler/job-id.ts';
import type { JobStatus } from '../../scheduler/scheduler.ts';
import { grouped } from '../grouping.ts';
import type { World } from '../world.ts';
import { adopt, jobIdOf } from './adopt.ts';
import { succeededBefore } from './chain.ts';
import type { Connection, FoundRun } from './cluster/connect.ts';

/** A run as it is now: from its log, and from Slurm where it has no verdict. */
export interface RunReport extends FoundRun {
  readonly jobId: JobId | undefined;
  readonly state: RunState;
  /** Slurm could not be asked, so the state is what the log says. */
  readonly unreachable: boolean;
  /** Uid of who cancelled its job, where that was asked and is known. */
  readonly cancelledBy?: number;
  /** The known fatal line in its logs, where that was looked for and is there. */
  readonly signature?: RunSignature;
  /** What its service does now, where it could be asked at once. */
  readonly load?: Load;
}

/** Runs as they are now, with one call of squeue for all that a cluster still has. */
export async function reportRuns(found: readonly FoundRun[], world: World): Promise<readonly RunReport[]> {
  const logged = await fromLogs(found);
  const reports = new Map<string, RunReport>();
  for (const own of grouped(logged, ({ connection }) => connection)) {
    for (const report of await withQueues(own, own[0].connection, world)) reports.set(report.run.dir, report);
  }
  return logged.flatMap(({ run }) => reports.get(run.dir) ?? []);
}

/** Logs that one round trip brings, so that memory does not grow with the number of runs; here each is read alone. */
const TOGETHER = 100;

async function fromLogs(found: readonly FoundRun[]): Promise<readonly RunReport[]> {
  const reports = new Map<FoundRun, RunReport>();
  for (const own of grouped(found, ({ connection }) => connection.host)) {
    const { host } = own[0].connection;
    const together = host.dial ? TOGETHER : 1;
    for (let from = 0; from < own.length; from += together) {
      const part = own.slice(from, from + together);
      const runs = part.map(({ run }) => run);
      for (const [index, { events }] of (await readRunLogs(host, runs)).entries()) {
        const one = part[index] as FoundRun;
        const state = stateAfter(events);
        reports.set(one, { ...one, jobId: jobIdOf(one.run.job, state), state, unreachable: false });
      }
    }
  }
  return found.flatMap((one) => reports.get(one) ?? []);
}

/** Reports of runs of one cluster, with what Slurm says of those that have no verdict. */
async function withQueues(
  logged: readonly RunReport[],
  connection: Connection,
  world: World,
): Promise<readonly RunReport[]> {
  const reports = await withLostJobs(logged, connection, world);
  const ids = reports.flatMap(({ jobId, state }) => (jobId !== undefined && !state.verdict ? [jobId] : []));
  if (ids.length === 0) return reports;
  const answer = await connection.scheduler.status(ids, world.signal).catch(trouble);
  return Promise.all(
    reports.map(async (report) => notNeeded(await withQueue(report, answer, world.now()), connection)),
  );
}

/** Runs whose submit was cut off get the job that has their comment; that costs a call, for all of them together. */
async function withLostJobs(
  reports: readonly RunReport[],
  connection: Connection,
  world: World,
): Promise<readonly RunReport[]> {
  const lost = reports.filter(({ jobId, state }) => jobId === undefined && !state.verdict);
  if (lost.length === 0) return reports;
  const ids = lost.map(({ run }) => run.id);
  const jobs = await connection.scheduler.find(ids, world.signal).catch(trouble);
  if (jobs instanceof DynSlurmError) {
    return reports.map((report) => (lost.includes(report) ? { ...report, unreachable: true } : report));
  }
  return Promise.all(
    reports.map(async (report) => {
      const job = jobs.get(report.run.id);
      if (job === undefined || !lost.includes(report)) return report;
      return { ...report, run: await adopt(report.run, job, connection, world), jobId: job.jobId };
    }),
  );
}

/** A retry that Slurm withdrew is forgotten by the queue after some minutes, and has nothing to say itself. */
async function notNeeded(report: RunReport, connection: Connection): Promise<RunReport> {
  const { verdict, started } = report.state;
  if (!verdict?.inferred || started) return report;
  const before = await succeededBefore(report.run, connection);
  if (before === undefined) return report;
  const reason = `not needed: ${before} succeeded`;
  return { ...report, state: { ...report.state, verdict: { ...verdict, outcome: 'cancelled', reason } } };
}

type Answer = ReadonlyMap<JobId, JobStatus> | DynSlurmError;

function trouble(error: unknown): DynSlurmError {
  if (error instanceof DynSlurmError && error.code === 'connection') return error;
  throw error;
}

async function withQueue(report: RunReport, answer: Answer, now: Date): Promise<RunReport> {
  const { jobId, state, run, connection } = report;
  if (jobId === undefined || state.verdict) return report;
  if (answer instanceof DynSlurmError) {
    return { ...report, state: { ...state, queue: unreachable(jobId, answer, now) }, unreachable: true };
  }
  const status = answer.get(jobId);
  if (status === undefined) return report;
  const queue = queueEvent(jobId, status, now);
  const left = queue.phase === 'ended' || queue.phase === 'gone';
  // A job whose script ended with its head node could not say that Slurm has put it back.
  const known = queue.phase === 'pending' && state.started ? betweenAttempts(state) : state;
  if (!left) return { ...report, state: { ...known, queue } };
  const verdict = await finalVerdict(connection.host, run.dir, state, queue, now);
  return { ...report, state: { ...state, queue, verdict } };
}
