import type { DynSlurmError } from '../errors.ts';
import type { QueueEvent } from '../run/events.ts';
import { type JobId, jobNumber } from '../scheduler/job-id.ts';
import { explainPending } from '../scheduler/pending-reason.ts';
import type { JobStatus } from '../scheduler/scheduler.ts';

/** What Slurm says about a job, with its reason explained. */
export function queueEvent(job: JobId, status: JobStatus, time: Date): QueueEvent {
  const number = jobNumber(job);
  const known = status.phase === 'pending' ? explainPending(status.reason, number) : undefined;
  return {
    time: time.toISOString(),
    kind: 'queue',
    job: number,
    state: status.word,
    phase: status.phase,
    reason: reasonOf(status),
    ...(known && { explanation: known.text }),
    ...(known?.next !== undefined && { next: known.next }),
    nodes: status.nodes,
    nodeList: status.nodeList,
    ...(status.started !== undefined && { start: rfc3339(status.started) }),
    ...(status.ends !== undefined && RUNS.has(status.phase) && { end: rfc3339(status.ends) }),
  };
}

/** For jobs in other states squeue prints an estimate, or when the job ended. */
const RUNS: ReadonlySet<JobStatus['phase']> = new Set(['starting', 'running', 'suspended']);

const rfc3339 = (seconds: number): string => new Date(seconds * 1000).toISOString();

/** Slurm itself cancels a job whose dependency can never be met, where it was submitted so. */
export const WITHDRAWN = 'DependencyNeverSatisfied';

function reasonOf({ phase, end, printed, cancelledBy, reason, exit, signal }: JobStatus): string {
  if (phase === 'unknown') return printed;
  const parts = [
    cancelledBy === undefined ? '' : `by uid ${cancelledBy}`,
    // A cancelled job keeps the reason for which it had waited; only one of them is why it was cancelled.
    end === 'cancelled' && reason !== WITHDRAWN ? '' : reason,
    exit ? `exit code ${exit}` : '',
    signal ? signalText(signal, exit) : '',
  ];
  return parts.filter(Boolean).join(', ');
}

/** Slurm puts 53 here, beside exit code 0, when it could not open the batch script's output. */
function signalText(signal: number, exit: number | undefined): string {
  return signal === 53 && exit === 0
    ? 'signal 53: its nodes could not write job.log, so they may not see the run folder'
    : `signal ${signal}`;
}

/** Slurm cannot be asked, which says nothing about the job. */
export function unreachable(job: JobId, error: DynSlurmError, time: Date): QueueEvent {
  const [what, , said] = error.message.split('\n');
  return {
    time: time.toISOString(),
    kind: 'queue',
    job: jobNumber(job),
    state: 'UNKNOWN',
    phase: 'unknown',
    reason: said ?? what ?? '',
    nodes: 0,
    nodeList: '',
  };
}
