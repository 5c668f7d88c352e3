import { type longDuration, shortDuration, timestamp } from './duration.ts';
import { compressHostlist } from './hostlist.ts';
import { isFinished, type JobRecord, type JobState } from './job-record.ts';
import type { Column, Viewing } from './table-format.ts';

/** Slurm's numbers, by which squeue sorts; and its short names. */
export const STATES: Readonly<Record<JobState, { readonly number: number; readonly compact: string }>> = {
  PENDING: { number: 0, compact: 'PD' },
  RUNNING: { number: 1, compact: 'R' },
  COMPLETED: { number: 3, compact: 'CD' },
  CANCELLED: { number: 4, compact: 'CA' },
  FAILED: { number: 5, compact: 'F' },
  TIMEOUT: { number: 6, compact: 'TO' },
  NODE_FAIL: { number: 7, compact: 'NF' },
};

export const DEFAULT_FORMAT = '%.18i %.9P %.8j %.8u %.2t %.10M %.6D %R';

const orNull = (text: string | undefined): string => text ?? '(null)';
const hosts = (job: JobRecord): string => compressHostlist(job.hosts);

/** Columns of squeue that the stand-in knows. */
export const JOB_COLUMNS: readonly Column<JobRecord>[] = [
  { letter: 'i', name: 'jobid', heading: 'JOBID', value: (job) => String(job.id) },
  { letter: 'A', name: 'jobarrayid', heading: 'JOBID', value: (job) => String(job.id) },
  { letter: 'P', name: 'partition', heading: 'PARTITION', value: (job) => job.partition },
  { letter: 'j', name: 'name', heading: 'NAME', value: (job) => job.name },
  { letter: 'u', name: 'username', heading: 'USER', value: (job) => job.user },
  { letter: 'U', name: 'userid', heading: 'UID', value: (job) => String(job.uid) },
  { letter: 't', name: 'statecompact', heading: 'ST', value: compactState },
  { letter: 'T', name: 'state', heading: 'STATE', value: stateName },
  {
    letter: 'M',
    name: 'timeused',
    heading: 'TIME',
    value: (job, { now }) => shortDuration(elapsed(job, now)),
  },
  { letter: 'l', name: 'timelimit', heading: 'TIME_LIMIT', value: (job) => limit(job, shortDuration) },
  { letter: 'L', name: 'timeleft', heading: 'TIME_LEFT', value: timeLeft },
  { letter: 'D', name: 'numnodes', heading: 'NODES', value: (job) => String(job.nodes) },
  { letter: 'C', name: 'numcpus', heading: 'CPUS', value: (job) => String(job.nodes * job.cpusPerNode) },
  { letter: 'N', name: 'nodelist', heading: 'NODELIST', value: hosts },
  { letter: 'R', name: 'reasonlist', heading: 'NODELIST(REASON)', value: reasonList },
  { letter: 'r', name: 'reason', heading: 'REASON', value: (job) => job.reason },
  { letter: 'B', name: 'batchhost', heading: 'EXEC_HOST', value: (job) => job.hosts[0] ?? 'n/a' },
  { letter: 'a', name: 'account', heading: 'ACCOUNT', value: (job) => orNull(job.account) },
  { letter: 'k', name: 'comment', heading: 'COMMENT', value: (job) => orNull(job.comment) },
  { letter: 'q', name: 'qos', heading: 'QOS', value: (job) => orNull(job.qos) },
  { letter: 'v', name: 'reservation', heading: 'RESERVATION', value: (job) => orNull(job.reservation) },
  { letter: 'f', name: 'feature', heading: 'FEATURES', value: (job) => orNull(job.constraint) },
  { letter: 'E', name: 'dependency', heading: 'DEPENDENCY', value: (job) => orNull(job.dependency) },
  {
    letter: 'V',
    name: 'submittime',
    heading: 'SUBMIT_TIME',
    value: (job, viewing) => at(job.submitted, viewing),
  },
  {
    letter: 'S',
    name: 'starttime',
    heading: 'START_TIME',
    value: (job, viewing) => at(job.started, viewing),
  },
  { letter: 'e', name: 'endtime', heading: 'END_TIME', value: (job, viewing) => at(endTime(job), viewing) },
  { letter: 'Z', name: 'workdir', heading: 'WORK_DIR', value: (job) => job.workDir },
  { letter: 'o', name: 'command', heading: 'COMMAND', value: (job) => orNull(job.batch?.command) },
  { name: 'stdout', heading: 'STDOUT', value: (job) => orNull(job.batch?.output) },
  { name: 'stderr', heading: 'STDERR', value: (job) => orNull(job.batch?.error) },
  { name: 'exit_code', heading: 'EXIT_CODE', value: (job) => String(job.exit.code) },
];

export function stateName(job: JobRecord): string {
  return job.completing ? 'COMPLETING' : job.state;
}

function compactState(job: JobRecord): string {
  return job.completing ? 'CG' : STATES[job.state].compact;
}

/** In seconds. */
export function elapsed(job: JobRecord, now: number): number {
  return job.started === undefined ? 0 : ((job.ended ?? now) - job.started) / 1000;
}

/** Of a job that runs, when its limit ends it. */
export function endTime(job: JobRecord): number | undefined {
  if (job.ended !== undefined || job.started === undefined || job.timeLimit === 0) return job.ended;
  return job.started + job.timeLimit * 1000;
}

export function limit(job: JobRecord, format: typeof longDuration): string {
  return job.timeLimit === 0 ? 'UNLIMITED' : format(job.timeLimit);
}

function timeLeft(job: JobRecord, { now }: Viewing): string {
  return job.timeLimit === 0 ? 'UNLIMITED' : shortDuration(job.timeLimit - elapsed(job, now));
}

function reasonList(job: JobRecord): string {
  const explained = job.state === 'PENDING' || (isFinished(job) && job.reason !== 'None');
  return explained ? `(${job.reason})` : hosts(job);
}

function at(ms: number | undefined, { timeFormat }: Viewing): string {
  return ms === undefined ? 'N/A' : timestamp(ms, timeFormat);
}
