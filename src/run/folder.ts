import { basename, dirname, join, resolve } from 'node:path/posix';
import { z } from 'zod';
import { DynSlurmError } from '../errors.ts';
import type { Host } from '../host/host.ts';
import { asJobId, type JobId, jobNumber } from '../scheduler/job-id.ts';
import { fields, list, number, parseJson, read, text, time, word } from './lenient.ts';

/** One submission, and its folder. */
export interface Run {
  /** `<name>-<6 hex digits>`, unique in its runs folder, and the name of its own. */
  readonly id: string;
  readonly name: string;
  /** Absolute. */
  readonly dir: string;
  /** Absent until sbatch has answered. */
  readonly job?: SubmittedJob;
}

/** job.json: what sbatch answered, and whom it was asked of. */
export interface SubmittedJob {
  readonly jobId: JobId;
  /** Name of the cluster profile. */
  readonly cluster: string;
  /** RFC 3339. */
  readonly submitted: string;
  /** First run of the chain, for a run that starts if all earlier ones fail. */
  readonly retryOf?: string;
  /** Which attempt it is, from 2 on. */
  readonly attempt?: number;
  /** For a run of a config with variants: which variant it is, and what that sets, as `--set` would. */
  readonly variant?: string;
  readonly changes?: readonly string[];
  /** For a run that was submitted together with other variants: the id that they have in common. */
  readonly group?: string;
  /** What serves on the nodes of the stand-in for Slurm, where it is not mock engines. */
  readonly engine?: 'cpu' | 'real';
  /** Release of dyn-slurm that made it. */
  readonly dynSlurm?: string;
  /** Commit of the work tree that the config was in; `+dirty` where it had changes. */
  readonly gitCommit?: string;
  /** Set for an interactive session. */
  readonly session?: SessionFacts;
}

export interface SessionFacts {
  /** An allocation that was taken for the session, and ends with it; or one that was there. */
  readonly allocation: 'owned' | 'borrowed';
  /** Nodes of the session by index; a borrowed allocation may have more. */
  readonly hosts: readonly string[];
}

const ID = /^(.+)-([0-9a-f]{6})$/;

/** A new run; its folder is made when it is submitted. `hex`: six random hex digits. */
export function createRun(root: string, name: string, hex: string): Run {
  const id = `${name}-${hex}`;
  return { id, name, dir: join(root, id) };
}

/** The folder with an attempt's logs and state: the run folder for attempt 0; a folder in it for 1 and up, which follow a requeue. */
export function attemptDir(runDir: string, attempt = 0): string {
  return attempt === 0 ? runDir : join(runDir, 'attempts', String(attempt));
}

/** Writes job.json, once; where another process has found the job and was first, that is as good. */
export async function recordJob(host: Host, run: Run, job: SubmittedJob): Promise<Run> {
  const text = `${JSON.stringify(job)}\n`;
  try {
    await host.writeFiles(run.dir, new Map([['job.json', { text, mode: 0o600 }]]));
    return { ...run, job };
  } catch (error) {
    const noted = await readRun(host, run.dir);
    if (noted.job?.jobId === job.jobId) return noted;
    throw error;
  }
}

/** The runs in a folder, newest first; those without an answer of sbatch come last. */
export async function listRuns(host: Host, root: string): Promise<readonly Run[]> {
  const noted = [...(await host.readEach(root, 'job.json'))].filter(([name]) => ID.test(name));
  const runs = noted.map(([id, text]) => runOf(join(root, id), text));
  return runs.sort((a, b) => (b.job?.submitted ?? '').localeCompare(a.job?.submitted ?? ''));
}

/** The run in a folder, whatever is in it. */
export async function readRun(host: Host, dir: string): Promise<Run> {
  return runOf(dir, await host.readText(join(dir, 'job.json')));
}

/** `noted`: the text of job.json. */
function runOf(dir: string, noted: string | undefined): Run {
  const id = basename(dir);
  const name = ID.exec(id)?.[1] ?? id;
  const job = parseJob(noted);
  return { id, name, dir, ...(job && { job }) };
}

const jobId = z
  .union([text, number])
  .transform((value) => asJobId(String(value)))
  .refine((id) => id !== undefined) as unknown as z.ZodType<JobId>;

const session: z.ZodType<SessionFacts> = fields({
  allocation: z.enum(['owned', 'borrowed']).catch('borrowed'),
  hosts: list(text),
});

const submittedJob = fields(
  { jobId, cluster: text, submitted: time },
  {
    retryOf: text,
    attempt: number,
    variant: text,
    changes: list(text),
    group: text,
    engine: word('cpu', 'real'),
    dynSlurm: text,
    gitCommit: text,
    session,
  },
);

/** Undefined for a note that was cut off, or is something else. */
function parseJob(noted: string | undefined): SubmittedJob | undefined {
  const job = noted === undefined ? undefined : read(submittedJob, parseJson(noted));
  if (job === undefined || (job.retryOf !== undefined && job.attempt !== undefined)) return job;
  const { retryOf: _, attempt: __, ...rest } = job;
  return rest;
}

/**
 * The run that a person means: its id, Slurm's job id, a path of its folder (relative to `cwd`), or the beginning of
 * its id, where only one run begins so. Undefined where there is none. @throws DynSlurmError `usage` where several fit.
 */
export async function findRun(
  host: Host,
  runs: readonly Run[],
  query: string,
  cwd: string,
): Promise<Run | undefined> {
  if (query.includes('/') || query === '.' || query === '..') return runAt(host, resolve(cwd, query));
  const exact = runs.find(({ id }) => id === query) ?? runs.find(({ job }) => isNumber(job, query));
  if (exact !== undefined) return exact;
  const fitting = runs.filter(({ id }) => id.startsWith(query));
  if (fitting.length > 1) {
    throw new DynSlurmError(
      'usage',
      `several runs begin with ${query}: ${fitting.map(({ id }) => id).join(', ')}`,
      {
        hint: 'write more of the id, or the job number',
      },
    );
  }
  return fitting[0];
}

function isNumber(job: SubmittedJob | undefined, query: string): boolean {
  return job !== undefined && (jobNumber(job.jobId) === query || job.jobId === query);
}

async function runAt(host: Host, dir: string): Promise<Run | undefined> {
  // A file inside the run folder names the run too: `logs .../job.log`.
  for (const folder of [dir, dirname(dir)]) {
    if ((await host.list(folder)).includes('job.sbatch')) return readRun(host, folder);
  }
  return undefined;
}
