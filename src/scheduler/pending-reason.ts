import { explainLimit } from './limit-reason.ts';
import data from './pending-reasons.json' with { type: 'json' };

/** Why Slurm keeps a job waiting, for people. */
export interface PendingReason {
  readonly text: string;
  /** What to do; JOB stands for the job's number. */
  readonly next: string;
}

/** `says`: a regular expression, without regard to case, for the beginning of a reason; the first that fits counts. */
export const PENDING_REASONS: readonly (PendingReason & { readonly says: string })[] = data;

const COMPILED = PENDING_REASONS.map((reason) => ({
  ...reason,
  said: new RegExp(`^(?:${reason.says})`, 'i'),
}));

const UNKNOWN: PendingReason = {
  text: 'a reason that dyn-slurm does not know',
  next: '`scontrol show job JOB` shows more; the administrators know what it means here',
};

/**
 * Explains a reason of squeue's. All that Slurm 20.11 to 26.05 can say of a waiting job:
 * https://slurm.schedmd.com/job_reason_codes.html and src/common/job_state_reason.c; what slurmctld or a site writes in
 * its place, with spaces or underscores, too. Undefined where there is none.
 */
export function explainPending(reason: string, job: string): PendingReason | undefined {
  const bare = reason.replace(/^\(|\)$/g, '').trim();
  if (bare === '' || bare === 'None') return undefined;
  const plain = bare.replaceAll('_', ' ');
  const { text, next } =
    COMPILED.find(({ said }) => said.test(plain)) ?? explainLimit(bare.replaceAll(/[_ ]/g, '')) ?? UNKNOWN;
  return { text, next: next.replaceAll('JOB', job) };
}
