import { type JobId, jobNumber, slurmCluster } from './job-id.ts';

/** By its comment a run's job is found again when sbatch's answer was lost. */
export function jobComment(runId: string): string {
  return `dyn-slurm:${runId}`;
}

/** Submits a run's job.sbatch; prints `JOBID` or `JOBID;CLUSTER`. `runDir` is absolute. */
export function submitCommand(run: { readonly id: string; readonly dir: string }): readonly string[] {
  return [
    'sbatch',
    '--parsable',
    `--chdir=${run.dir}`,
    `--comment=${jobComment(run.id)}`,
    `${run.dir}/job.sbatch`,
  ];
}

/**
 * Id, state, nodes, times of submission and (expected) start, node list, comment, reason. The reason comes last: it may
 * be a sentence. squeue's JSON changes with each release and is a thousand times as long (virtualcell/vcell#1916).
 */
const QUEUE_FORMAT = '%i|%T|%D|%V|%S|%N|%k|%r';
const ACCOUNTING_FORMAT = 'JobIDRaw,State,NNodes,Submit,Start,NodeList,ExitCode';

/** Makes squeue and sacct print seconds since 1970 instead of the cluster's local time. */
export const TIME_ENVIRONMENT = { SLURM_TIME_FORMAT: '%s' } as const;

/** All states: a job that ended stays known for MinJobAge, 300 s by default. The ids are of one cluster. */
export function queueCommand(ids: readonly JobId[]): readonly string[] {
  return ['squeue', ...clusterOption(ids), ...QUEUE_OPTIONS, `--jobs=${numbers(ids)}`];
}

/** All jobs of the user. */
export function ownQueueCommand(): readonly string[] {
  return ['squeue', ...QUEUE_OPTIONS, '--me'];
}

const QUEUE_OPTIONS = ['--noheader', '--states=all', `--format=${QUEUE_FORMAT}`];

/** Allocations only, not their steps. The ids are of one cluster. */
export function accountingCommand(ids: readonly JobId[]): readonly string[] {
  return [
    'sacct',
    ...clusterOption(ids),
    '--noheader',
    '--parsable2',
    '--allocations',
    `--format=${ACCOUNTING_FORMAT}`,
    `--jobs=${numbers(ids)}`,
  ];
}

/** Without a signal's name: all of the job is told to end, the batch script too, and killed after KillWait. */
export function cancelCommand(id: JobId): readonly string[] {
  return ['scancel', ...clusterOption([id]), jobNumber(id)];
}

function numbers(ids: readonly JobId[]): string {
  return ids.map(jobNumber).join(',');
}

function clusterOption([first]: readonly JobId[]): readonly string[] {
  const cluster = first === undefined ? undefined : slurmCluster(first);
  return cluster === undefined ? [] : [`--clusters=${cluster}`];
}
