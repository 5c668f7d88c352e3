import type { EarlySignal } from './signal.ts';

export type JobState = 'PENDING' | 'RUNNING' | 'COMPLETED' | 'CANCELLED' | 'FAILED' | 'TIMEOUT' | 'NODE_FAIL';

/** A process that may have ended, and whose number may be another's by now. */
export interface ProcessId {
  readonly pid: number;
  /** Start in clock ticks since boot, as /proc says it. */
  readonly start: string;
}

/** What sbatch or salloc asked for. Times in this file are ms since 1970, spans seconds. */
export interface JobRequest {
  readonly name: string;
  readonly user: string;
  readonly uid: number;
  readonly gid: number;
  readonly partition: string;
  readonly account?: string;
  readonly comment?: string;
  readonly qos?: string;
  readonly reservation?: string;
  readonly constraint?: string;
  readonly nodes: number;
  readonly tasks?: number;
  readonly tasksPerNode?: number;
  readonly cpusPerTask: number;
  /** CPUs that the job holds on each node. */
  readonly cpusPerNode: number;
  readonly gpusPerNode: number;
  /** 0 for no limit. */
  readonly timeLimit: number;
  readonly signal?: EarlySignal;
  readonly dependency?: string;
  readonly held: boolean;
  readonly workDir: string;
  readonly submitDir: string;
  readonly submitHost: string;
  /** `SLURM_EXPORT_ENV` of the job: what --export said. */
  readonly exported?: string;
  /** Absent for an allocation that salloc holds. */
  readonly batch?: BatchRequest;
}

export interface BatchRequest {
  /** As given, for `scontrol show job`; what runs is a copy of it. */
  readonly command: string;
  readonly args: readonly string[];
  /** Patterns filled, absolute. */
  readonly output: string;
  readonly error: string;
  readonly input: string;
  readonly append: boolean;
}

export interface JobRecord extends JobRequest {
  readonly id: number;
  readonly state: JobState;
  /** It has its end state, and some of its processes are still there. */
  readonly completing: boolean;
  readonly reason: string;
  readonly submitted: number;
  readonly started?: number;
  readonly ended?: number;
  /** When and why it was told to end; steps read it to say so. */
  readonly ending?: Ending;
  /** Of the batch script: exit code and signal number, Slurm's `3:0`. */
  readonly exit: { readonly code: number; readonly signal: number };
  readonly hosts: readonly string[];
  /** One loopback address a host. */
  readonly addresses: readonly string[];
  readonly keeper?: ProcessId | undefined;
  readonly shell?: ProcessId | undefined;
}

export interface Ending {
  readonly at: number;
  /** As slurmstepd says it. */
  readonly why: string;
  /** srun reports that the step was aborted; not where it only got a SIGTERM. */
  readonly aborts: boolean;
}

export interface StepRecord {
  readonly step: number;
  readonly name: string;
  /** Indices into the job's hosts. */
  readonly nodes: readonly number[];
  readonly tasks: number;
  readonly overlap: boolean;
  readonly exact: boolean;
  readonly srun: ProcessId;
  /** The step in which that runs; absent in the batch script, and outside of the job. */
  readonly within?: number;
  /** Of its tasks, once they have been started. */
  readonly processes: readonly ProcessId[];
  readonly started: number;
  /** Waits for an earlier step to free its nodes. */
  readonly waiting: boolean;
  /** pyxis options, recorded and not acted on. */
  readonly container: Readonly<Record<string, string>>;
  readonly argv: readonly string[];
  readonly ended?: number;
  readonly exitCode?: number;
}

export function isFinished(job: Pick<JobRecord, 'state'>): boolean {
  return job.state !== 'PENDING' && job.state !== 'RUNNING';
}
