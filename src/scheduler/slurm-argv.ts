import { DynSlurmError } from '../errors.ts';
import type { HostFile } from '../host/host.ts';
import { jobComment } from './job-comment.ts';
import { type JobId, jobNumber, slurmCluster } from './job-id.ts';
import type { Dependency, GivenOptions, SubmitRequest } from './scheduler.ts';

type RunFolder = SubmitRequest['run'];

/**
 * What submitting a run sends; sbatch then prints `JOBID` or `JOBID;CLUSTER`. `files` must hold job.sbatch. `given`: options
 * of the config to which the command line adds.
 */
export function submitRequest(
  run: RunFolder,
  files: ReadonlyMap<string, HostFile>,
  after: readonly Dependency[] = [],
  given: GivenOptions = {},
): SubmitRequest {
  const script = files.get('job.sbatch');
  if (script === undefined) throw new Error('a request needs job.sbatch');
  return {
    run: { id: run.id, dir: run.dir },
    command: ['sbatch', '--parsable', ...jobOptions(run, after, given), `${run.dir}/job.sbatch`],
    script: script.text,
    files,
    given,
  };
}

/** Checks a job without submitting it; the script comes from standard input, so that no folder is needed. */
export function testCommand(command: readonly string[]): readonly string[] {
  return ['sbatch', '--test-only', ...command.slice(2, -1)];
}

function jobOptions(run: RunFolder, after: readonly Dependency[], given: GivenOptions): readonly string[] {
  const { comment, dependency, ...others } = given;
  const awaited = after.filter(({ jobs }) => jobs.length > 0);
  const terms = awaited.map(({ when, jobs }) => [when, ...jobs.map(jobNumber)].join(':'));
  // Slurm would let a job wait for ever that depends on an end which has come otherwise.
  const hopeless = awaited.some(({ when }) => when !== 'afterany');
  const all = [...(dependency === undefined ? [] : [dependency]), ...terms];
  const options = {
    ...(hopeless && { 'kill-on-invalid-dep': 'yes' }),
    ...others,
    ...(all.length > 0 && { dependency: joinedTerms(all) }),
  };
  return [
    `--chdir=${run.dir}`,
    `--comment=${jobComment(run.id, comment)}`,
    ...Object.entries(options)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => `--${name}=${value}`),
  ];
}

/** Jobs that must all have ended; Slurm has no way to say that together with `?`, which stands for one of several. */
function joinedTerms(terms: readonly string[]): string {
  const either = terms.find((term) => term.includes('?'));
  if (either === undefined || terms.length === 1) return terms.join(',');
  throw new DynSlurmError(
    'usage',
    `slurm.directives.dependency, ${either}, cannot be combined with --after, --after-ok or --retries: Slurm joins terms either with "?" or with ","`,
    { hint: 'write it with "," or leave those options out' },
  );
}

/**
 * Id, state, nodes, time of submission, (expected) start and end, node list, comment, reason. The reason comes last: it may
 * be a sentence. squeue's JSON changes with each release and is a thousand times as long (virtualcell/vcell#1916).
 */
const QUEUE_FORMAT = '%i|%T|%D|%V|%S %e|%N|%k|%r';
const ACCOUNTING_FORMAT = 'JobIDRaw,State,NNodes,Submit,Start,NodeList,ExitCode';

/** Makes squeue and sacct print seconds since 1970 instead of the cluster's local time. */
export const TIME_ENVIRONMENT = { SLURM_TIME_FORMAT: '%s' } as const;

/** The job's umask, which would be the submitting shell's: job.log is the user's alone, as is all else. */
export const SUBMIT_ENVIRONMENT = { ...TIME_ENVIRONMENT, SLURM_UMASK: '0077' } as const;

/**
 * All states: a job that ended stays known for MinJobAge, 300 s by default. The ids are of one cluster. `own`: they are all
 * of the calling user, so that slurmctld need not send everybody's jobs.
 */
export function queueCommand(ids: readonly JobId[], own = false): readonly string[] {
  const mine = own && ids.length > 1 ? ['--me'] : [];
  return ['squeue', ...clusterOption(ids), ...QUEUE_OPTIONS, ...mine, `--jobs=${numbers(ids)}`];
}

/** All jobs of the user. */
export function ownQueueCommand(): readonly string[] {
  return ['squeue', ...QUEUE_OPTIONS, '--me'];
}

/** Without `--local` squeue asks slurmctld for the federation too, of which these jobs are not. */
const QUEUE_OPTIONS = ['--local', '--noheader', '--states=all', `--format=${QUEUE_FORMAT}`];

/** State and reason of nodes that get no new jobs. */
export function nodesCommand(hosts: readonly string[]): readonly string[] {
  return [
    'sinfo',
    '--noheader',
    '--Node',
    '--states=drain,down,fail',
    '--format=%N|%T|%E',
    `--nodes=${hosts.join(',')}`,
  ];
}

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
