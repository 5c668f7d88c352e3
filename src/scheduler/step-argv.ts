import { type JobId, jobNumber, slurmCluster } from './job-id.ts';

/** By its name a session's supervisor is told from the job's other steps. */
export const SUPERVISOR = 'session';

interface InJob {
  readonly job: JobId;
  readonly host: string;
}

/**
 * One task on one node of a job, beside whatever runs there. `--mpi` and `--cpu-bind` as for the job's own steps; one task
 * because an overlapping step over many nodes fails on some fabrics (lumi-supercomputer/lumi-userguide#223).
 */
function oneTask({ job, host }: InJob, name: string): readonly string[] {
  const cluster = slurmCluster(job);
  return [
    'srun',
    ...(cluster === undefined ? [] : [`--clusters=${cluster}`]),
    `--jobid=${jobNumber(job)}`,
    '--nodes=1',
    '--ntasks=1',
    `--nodelist=${host}`,
    `--job-name=${name}`,
    '--overlap',
    '--mpi=none',
    '--cpu-bind=none',
  ];
}

export interface Supervised extends InJob {
  /** The run's, absolute. */
  readonly dir: string;
  readonly hosts: readonly string[];
  /** The job ends with the session. */
  readonly owned: boolean;
}

/**
 * Runs job.sbatch of a session on the head node, with the environment of a login there, whatever `environment` the profile gives to job
 * scripts; without PATH, bash has to be found by its own. `--propagate`: not the low limits of a login shell.
 */
export function superviseCommand({ dir, hosts, owned, ...where }: Supervised): readonly string[] {
  return [
    ...oneTask(where, SUPERVISOR),
    '--export=HOME,USER,LOGNAME,LANG',
    '--propagate=NONE',
    '--input=none',
    `--chdir=${dir}`,
    `--output=${dir}/job.log`,
    '--open-mode=append',
    '/bin/bash',
    '-l',
    `${dir}/job.sbatch`,
    hosts.join(','),
    owned ? 'owned' : 'borrowed',
  ];
}

export interface Executed extends InJob {
  readonly words: readonly string[];
  /** Further options of srun: those of a container. */
  readonly options: readonly string[];
  /** The task gets srun's terminal. */
  readonly terminal: boolean;
  /** The task reads what srun reads. */
  readonly fed: boolean;
}

export function execCommand({ words, options, terminal, fed, ...where }: Executed): readonly string[] {
  return [
    ...oneTask(where, terminal ? 'shell' : 'exec'),
    ...(terminal ? ['--pty'] : fed ? [] : ['--input=none']),
    ...options,
    ...words,
  ];
}

/** A job's running steps. */
export function stepsCommand(job: JobId): readonly string[] {
  const cluster = slurmCluster(job);
  return [
    'squeue',
    ...(cluster === undefined ? [] : [`--clusters=${cluster}`]),
    '--noheader',
    '--steps',
    `--jobs=${jobNumber(job)}`,
    '--format=%i|%j',
  ];
}

export interface RunningStep {
  /** `4242.3` */
  readonly id: string;
  readonly name: string;
}

export function parseSteps(stdout: string): readonly RunningStep[] {
  return stdout.split('\n').flatMap((line) => {
    const [, id, name] = /^(\d+\.[^|\s]+)\|(.*)$/.exec(line.trimEnd()) ?? [];
    return id === undefined || name === undefined ? [] : [{ id, name }];
  });
}

/** Ends steps of a job, and leaves the job. */
export function endStepsCommand(job: JobId, steps: readonly RunningStep[]): readonly string[] {
  const cluster = slurmCluster(job);
  const clusters = cluster === undefined ? [] : [`--clusters=${cluster}`];
  return ['scancel', ...clusters, ...steps.map(({ id }) => id)];
}

/** Expands `gpu[01-03,7]`, which has more forms than one would care to parse. */
export function hostnamesCommand(nodeList: string): readonly string[] {
  return ['scontrol', 'show', 'hostnames', nodeList];
}
