import { DynSlurmError } from '../errors.ts';

/** Why a run folder, or a file in it, is refused. `why` is what the system said, where it said anything. */
export function runFolderRefusal(path: string, what: string, why = '', cause?: unknown): DynSlurmError {
  return new DynSlurmError('preflight', `${path} ${what}${why === '' ? '' : `: ${why}`}`, {
    hint: 'run folders must be new and yours, in folders that only you and root can write to; set runs_dir in the cluster profile, or DYN_SLURM_RUNS, to another folder',
    cause,
  });
}
