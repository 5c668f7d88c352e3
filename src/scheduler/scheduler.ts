import type { HostFile } from '../host/host.ts';
import type { JobId } from './job-id.ts';
import type { JobState } from './job-state.ts';

/** Options of the user's that dyn-slurm adds to, by their full names without dashes: `comment`, `dependency`, … */
export type GivenOptions = Readonly<Record<string, string>>;

/** What would be sent, in full: the dry-run prints it and submit sends it. */
export interface SubmitRequest {
  /** `dir` is absolute. */
  readonly run: { readonly id: string; readonly dir: string };
  readonly command: readonly string[];
  /** The text of job.sbatch. */
  readonly script: string;
  /** All files of the run folder by relative path, job.sbatch among them; no secrets. */
  readonly files: ReadonlyMap<string, HostFile>;
  /** Options of the config that the command adds to. */
  readonly given: GivenOptions;
}

/** Jobs that have to end before another one starts: `afterok` well, `afternotok` badly, `afterany` somehow. */
export interface Dependency {
  readonly when: 'afterany' | 'afterok' | 'afternotok';
  /** All of them. */
  readonly jobs: readonly JobId[];
}

/** When and where Slurm would start a job, as things are. */
export interface StartEstimate {
  /** Seconds since 1970; absent from a Slurm that prints dates regardless, see `said`. */
  readonly start?: number;
  /** `gpu[01-04]` */
  readonly nodes: string;
  readonly partition: string;
  /** Slurm's own words. */
  readonly said: string;
}

/** A job that was found by its comment. */
export interface FoundJob {
  readonly jobId: JobId;
  /** Seconds since 1970. */
  readonly submitted?: number;
  readonly state: JobState;
}

/** What Slurm says about a job. */
export interface JobStatus extends JobState {
  /** The state as Slurm printed it, with what followed: `CANCELLED by 1000`. Empty for a job that is gone. */
  readonly printed: string;
  /** Why it waits, or how it ended; of a job that is gone, why accounting could not be asked. Empty where none is given. */
  readonly reason: string;
  readonly nodes: number;
  readonly nodeList: string;
  /** Seconds since 1970. */
  readonly submitted?: number;
  /** Start time; for a pending job, the expected one. */
  readonly started?: number;
  /** Seconds since 1970, of a job that runs: when its time limit ends it; absent where it has none. */
  readonly ends?: number;
  readonly exit?: number;
  readonly signal?: number;
  /** Uid of who cancelled it, where accounting says so. */
  readonly cancelledBy?: number;
  readonly source: 'squeue' | 'sacct' | 'none';
}

/** A node that Slurm gives no new jobs, though this one may go on there. */
export interface NodeMark {
  readonly node: string;
  /** Slurm's word: `draining`, `down`. */
  readonly state: string;
  /** Reason given by whoever set the state; empty where there is none. */
  readonly reason: string;
}
