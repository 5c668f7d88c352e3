import type { NodeEngine } from './engine.ts';

export type JobState = 'PENDING' | 'RUNNING' | 'COMPLETED' | 'CANCELLED' | 'FAILED' | 'TIMEOUT' | 'NODE_FAIL';

/** A process that may have ended, and whose number may be another's by now. */
export interface ProcessId {
  readonly pid: number;
  /** Start in clock ticks since boot, as /proc gives it. */
  readonly start: string;
}

/** What sbatch or salloc asked for. Times in this file are ms since 1970, durations seconds. */
export interface JobRequest {
  readonly name: string;
  readonly comment: string | undefined;
  readonly dependency: string | undefined;
  readonly nodes: number;
  readonly gpusPerNode: number;
  /** 0 for no limit. */
  readonly timeLimit: number;
  /** How long before the time limit the batch script gets SIGUSR1: `--signal=B:USR1@60`. */
  readonly warning: number;
  readonly workDir: string;
  /** Absent for mock engines. */
  readonly engine?: NodeEngine | undefined;
  /** What the batch script prints is added to this file, absolute. Absent for an allocation that salloc holds. */
  readonly output?: string;
}

export interface JobRecord extends JobRequest {
  readonly id: number;
  /** GPUs of this machine, by their numbers there; absent for mock engines and for CPUs. */
  readonly gpus?: readonly number[];
  readonly state: JobState;
  /** The job has its final state, and some of its processes still run. */
  readonly completing: boolean;
  readonly reason: string;
  readonly submitted: number;
  readonly started?: number;
  readonly ended?: number;
  readonly daemon?: ProcessId | undefined;
  readonly shell?: ProcessId | undefined;
}

/** One srun in a job. */
export interface StepRecord {
  readonly step: number;
  readonly name: string;
  readonly srun: ProcessId;
  /** The step in which that srun runs; absent in the batch script, and outside of the job. */
  readonly within?: number;
  /** The step's tasks, once they have been started. */
  readonly processes: readonly ProcessId[];
  readonly ended?: number;
}

export function isFinished({ state }: Pick<JobRecord, 'state'>): boolean {
  return state !== 'PENDING' && state !== 'RUNNING';
}

/** The job is over, and nothing of it runs any more. */
export function isOver(job: Pick<JobRecord, 'state' | 'completing'>): boolean {
  return isFinished(job) && !job.completing;
}

export function nodeName(index: number): string {
  return `node${index}`;
}

/** The nodes of a job in Slurm's short form: `node0`, `node[0-3]`. */
export function nodeList(count: number): string {
  return count === 1 ? nodeName(0) : `node[0-${count - 1}]`;
}

/** The names in such a list, or in one with commas. */
export function nodeNames(list: string): readonly string[] {
  const last = /^node\[0-(\d+)\]$/.exec(list)?.[1];
  return last === undefined
    ? list.split(',')
    : Array.from({ length: Number(last) + 1 }, (_, index) => nodeName(index));
}

/** So many consecutive jobs have node addresses of their own. */
export const JOB_NETWORKS = 200;

/** The first two numbers of a job's node addresses. */
export function jobNetwork(job: number): string {
  return `127.${20 + (job % JOB_NETWORKS)}`;
}

/** The loopback address of a job's node. */
export function nodeAddress(job: number, index: number): string {
  return `${jobNetwork(job)}.${Math.floor(index / 200)}.${10 + (index % 200)}`;
}

/** The state of a job's dependencies. `find` gives a job that squeue still knows; others count as met. */
export function dependencyState(
  dependency: string | undefined,
  find: (id: number) => JobRecord | undefined,
): 'met' | 'waiting' | 'never' {
  const states = (dependency ?? '').split(',').flatMap((term) => {
    const [kind = '', ...ids] = term.split(':');
    return ids.map((id) => termState(kind, find(Number(id))));
  });
  return states.find((state) => state === 'never') ?? states.find((state) => state === 'waiting') ?? 'met';
}

function termState(kind: string, job: JobRecord | undefined): 'met' | 'waiting' | 'never' {
  if (!job || (kind === 'after' && job.started !== undefined)) return 'met';
  if (!isOver(job)) return 'waiting';
  return kind === 'after' || kind === 'afterany' || (job.state === 'COMPLETED') === (kind === 'afterok')
    ? 'met'
    : 'never';
}
