import { resolve } from 'node:path';
import { type Call, Refusal } from './call.ts';
import { type JobRecord, nodeName } from './job-record.ts';
import { readJob } from './job-store.ts';
import type { TaskPlace } from './node-environment.ts';
import type { Options } from './options.ts';

/** What srun's options ask for. */
export interface StepRequest {
  readonly name: string;
  readonly places: readonly TaskPlace[];
  readonly cwd: string;
  /** The file to which a task's output is added; absent where a task writes where srun does. */
  readonly output?: (place: TaskPlace) => string;
  /** What --export leaves of the environment; absent for all of it. */
  readonly exported?: string | undefined;
  readonly killOnBadExit: boolean;
  /** Tasks read what srun reads. */
  readonly fed: boolean;
  /** The task has srun's terminal to itself. */
  readonly terminal: boolean;
}

/** @throws Refusal for a node that the job lacks. */
export function stepRequest(options: Options, job: JobRecord, cwd: string): StepRequest {
  const output = options.get('output');
  return {
    name: options.get('job-name') ?? 'step',
    places: placeTasks(options, job),
    cwd: resolve(cwd, options.get('chdir') ?? '.'),
    ...(output !== undefined && { output: (place) => resolve(cwd, fillFilename(output, job.id, place)) }),
    exported: options.get('export'),
    killOnBadExit: options.get('kill-on-bad-exit') === '1',
    fed: options.get('input') !== 'none',
    terminal: options.has('pty'),
  };
}

/** So many on each of the named nodes, by default one, or else of the first of the job; in the job's order, as Slurm does it, not in that of --nodelist. */
function placeTasks(options: Options, job: JobRecord): readonly TaskPlace[] {
  const all = [...Array(job.nodes).keys()];
  const names = options.get('nodelist')?.split(',') ?? all.map(nodeName);
  const nodes = all.filter((node) => names.includes(nodeName(node)));
  if (nodes.length < names.length) {
    throw new Refusal(
      `srun: error: Unable to create step for job ${job.id}: Requested node configuration is not available`,
    );
  }
  const used = nodes.slice(0, Number(options.get('nodes') ?? job.nodes));
  const of = Number(options.get('ntasks-per-node') ?? 1);
  if (of === 1) return used.map((node, task) => ({ task, node }));
  return used.flatMap((node, index) =>
    Array.from({ length: of }, (_, rank) => ({ task: index * of + rank, node, local: { rank, of } })),
  );
}

/** Slurm's file name patterns for the job, the node and the task. */
function fillFilename(pattern: string, job: number, { task, node }: TaskPlace): string {
  const values: Readonly<Record<string, string>> = { j: String(job), N: nodeName(node), t: String(task) };
  return pattern.replaceAll(/%([jNt])/g, (_, letter: string) => values[letter] ?? '');
}

/** The job in which srun runs, or that --jobid names. @throws Refusal where it cannot run a step. */
export function stepJob({ env, standIn }: Call, options: Options): JobRecord {
  const id = options.get('jobid') ?? env.SLURM_JOB_ID ?? '';
  const job = readJob(standIn, Number(id));
  if (job?.state === 'RUNNING') return job;
  throw new Refusal(`srun: error: Unable to confirm allocation for job ${id}: Invalid job id specified`);
}
