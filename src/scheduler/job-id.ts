/** A job as `sbatch --parsable` names it: `4242`, or `4242;hopper` where several clusters share a Slurm. */
export type JobId = string & { readonly __brand: 'JobId' };

const FORM = /^\d{1,18}(;[A-Za-z0-9._-]{1,64})?$/;

export function asJobId(text: string): JobId | undefined {
  return FORM.test(text) ? (text as JobId) : undefined;
}

/** What squeue, scancel and people call the job: `4242`. */
export function jobNumber(id: JobId): string {
  return id.split(';')[0] ?? id;
}

/** The cluster that Slurm's commands must be told; undefined for the one that is asked anyway. */
export function slurmCluster(id: JobId): string | undefined {
  return id.split(';')[1];
}
