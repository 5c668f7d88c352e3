import type { HostFile } from '../host/host.ts';
import type { JobId } from './job-id.ts';
import type { JobState } from './job-state.ts';

/** What would be sent, in full: the dry-run prints it and submit sends it. */
export interface SubmitRequest {
  readonly run: { readonly id: string; readonly dir: string };
  readonly command: readonly string[];
  /** The text of job.sbatch. */
  readonly script: string;
  /** All files of the run folder by relative path, job.sbatch among them; no secrets. */
  readonly files: ReadonlyMap<string, HostFile>;
}

/** What Slurm says about a job. */
export interface JobStatus extends JobState {
  /** The state as Slurm printed it, with what followed: `CANCELLED by 1000`. Empty for a job that is gone. */
  readonly printed: string;
  /** Why it waits, or how it ended; empty where Slurm gives none. */
  readonly reason: string;
  readonly nodes: number;
  readonly nodeList: string;
  /** Seconds since 1970. */
  readonly submitted?: number;
  /** Of a waiting job the expected start. */
  readonly started?: number;
  readonly exit?: number;
  readonly signal?: number;
  readonly source: 'squeue' | 'sacct' | 'none';
}

export interface Scheduler {
  /** Pure: touches neither network nor disk. `files` must hold job.sbatch. */
  request(run: SubmitRequest['run'], files: ReadonlyMap<string, HostFile>): SubmitRequest;
  /**
   * Makes the run folder with the request's files, and those of `secrets`, then sends the job.
   * @throws DynSlurmError `rejected` with Slurm's own words, `connection` where Slurm cannot be asked.
   */
  submit(
    request: SubmitRequest,
    signal: AbortSignal,
    secrets?: ReadonlyMap<string, HostFile>,
  ): Promise<JobId>;
  /**
   * One call for every id; squeue is not free. A job that neither squeue nor accounting knows is `gone`, which does not
   * mean that it failed. @throws DynSlurmError `connection`
   */
  status(ids: readonly JobId[], signal: AbortSignal): Promise<ReadonlyMap<JobId, JobStatus>>;
  /** The job that was submitted for a run, by its comment, while the queue knows it. */
  find(runId: string, signal: AbortSignal): Promise<JobId | undefined>;
  /** Safe to repeat; a job that is gone is no error. */
  cancel(id: JobId, signal: AbortSignal): Promise<void>;
}
