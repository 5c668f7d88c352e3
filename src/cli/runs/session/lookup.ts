import { join } from 'node:path/posix';
import { DynSlurmError } from '../../../errors.ts';
import type { Run, SessionFacts, SubmittedJob } from '../../../run/folder.ts';
import { hostnames } from '../../../scheduler/allocation.ts';
import type { FoundJob } from '../../../scheduler/scheduler.ts';
import type { World } from '../../world.ts';
import { adopt } from '../adopt.ts';
import type { Connection, FoundRun } from '../cluster/connect.ts';
import { type LookupOptions, lookUpRun, lookUpRuns } from '../lookup.ts';
import { newestLive, newestMeant } from '../newest.ts';
import type { Origin } from '../submit/origin.ts';
import { OPENED_BY_ALLOCATE } from './command-text.ts';

/** A run that takes commands: a submitted job, or a session. */
export interface Steered extends FoundRun {
  readonly job: SubmittedJob;
}

/** An interactive session. */
export interface Session extends Steered {
  readonly job: SubmittedJob & { readonly session: SessionFacts };
}

export function isSession(run: Steered): run is Session {
  return run.job.session !== undefined;
}

/** Names the session that is meant where none is named, as the prompt does. */
export const SESSION_VARIABLE = 'DYN_SLURM_SESSION';

/**
 * The session that a person means: of DYN_SLURM_SESSION, else the newest that goes on, else the newest; with `ended` the
 * newest anyway, so that a command that ends one ends no other when it is repeated. @throws DynSlurmError `usage` where
 * there is none, or the run is a submitted job.
 */
export async function lookUpSession(
  query: string | undefined,
  options: LookupOptions & { readonly ended?: boolean },
  world: World,
): Promise<Session> {
  const named = query ?? (world.env[SESSION_VARIABLE] || undefined);
  if (named !== undefined) return sessionOf(await lookUpRun(named, options, world), world);
  const sessions = (await lookUpRuns(options, world)).filter(({ run }) => run.job?.session !== undefined);
  const found = options.ended ? sessions[0] : await newestMeant(sessions, 'shown', world);
  if (found !== undefined) return sessionOf(found, world);
  throw new DynSlurmError('usage', 'there is no session', {
    hint: '`dyn-slurm allocate CONFIG` starts one',
  });
}

/**
 * The run that a command is for: a session or a submitted job that is named, else the session of DYN_SLURM_SESSION, else
 * the newest session that goes on, else the newest job that does, else the newest run, of which the command then says that
 * it has ended. @throws DynSlurmError `usage` where there is none, or it has no job.
 */
export async function lookUpSteered(
  query: string | undefined,
  options: LookupOptions,
  world: World,
): Promise<Steered> {
  const named = query ?? (world.env[SESSION_VARIABLE] || undefined);
  const found = await (named === undefined
    ? newestSteered(options, world)
    : lookUpRun(named, options, world));
  const { job } = found.run;
  return job === undefined || job.session ? sessionOf(found, world) : { ...found, job };
}

async function newestSteered(options: LookupOptions, world: World): Promise<FoundRun> {
  const runs = await lookUpRuns(options, world);
  const sessions = runs.filter(({ run }) => run.job?.session !== undefined);
  const found = (await newestLive(sessions, false, world)) ?? (await newestMeant(runs, 'measured', world));
  if (found !== undefined) return found;
  throw new DynSlurmError('usage', 'there is no run', {
    hint: '`dyn-slurm submit CONFIG` starts one, and `dyn-slurm allocate CONFIG` a session',
  });
}

async function sessionOf(
  found: { readonly run: Run; readonly connection: Connection },
  world: World,
): Promise<Session> {
  const { run, connection } = found;
  const { job } = run;
  if (job?.session) return { ...found, job: { ...job, session: job.session } };
  if (await isSessionFolder(run, connection)) return lostSession(run, connection, world);
  throw new DynSlurmError('usage', `run ${run.id} is a submitted job, not a session`, {
    hint: '`dyn-slurm restart`, `start`, `stop`, `bench`, `drain` and `release` take it',
  });
}

async function isSessionFolder({ dir }: Run, { host }: Connection): Promise<boolean> {
  return (await host.list(join(dir, 'commands'))).includes(OPENED_BY_ALLOCATE);
}

/** `allocate` was cut off before it could note its job; the allocation is there, or comes yet. */
async function lostSession(run: Run, connection: Connection, world: World): Promise<Session> {
  const { scheduler, host } = connection;
  const found = (await scheduler.find([run.id], world.signal)).get(run.id);
  const status = found && (await scheduler.status([found.jobId], world.signal)).get(found.jobId);
  if (found === undefined || status === undefined || status.phase === 'ended' || status.phase === 'gone') {
    throw new DynSlurmError(
      'usage',
      `session ${run.id} has no allocation: Slurm has no job of this session`,
      {
        hint: `\`dyn-slurm allocate ${join(run.dir, 'config.yaml')}\` requests a new one; ${run.dir} can be deleted`,
      },
    );
  }
  if (status.nodeList === '') {
    throw new DynSlurmError('connection', `session ${run.id} waits in the queue, as job ${found.jobId}`, {
      hint: `attach to it once the job runs, or end it with \`scancel ${found.jobId}\``,
    });
  }
  const hosts = await hostnames(host, status.nodeList, world.signal);
  return noteSession(run, found, { allocation: 'owned', hosts }, connection, world);
}

/** Notes a session's job in its run folder. */
export async function noteSession(
  run: Run,
  found: Pick<FoundJob, 'jobId' | 'submitted'>,
  session: SessionFacts,
  connection: Connection,
  world: World,
  origin: Origin = {},
): Promise<Session> {
  const noted = await adopt(run, found, connection, world, session, origin);
  const { job } = noted;
  if (job === undefined) throw new Error(`${run.id} was recorded without its job`);
  return { run: noted, connection, job: { ...job, session: job.session ?? session } };
}
