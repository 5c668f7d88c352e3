import { DynSlurmError, EXIT } from '../../../errors.ts';
import { elapsed } from '../../../format.ts';
import { timeLimit } from '../../../host/time-limit.ts';
import type { EventOf } from '../../../run/events.ts';
import { readPlan } from '../../../run/plan-file.ts';
import type { RunState } from '../../../run/state.ts';
import { endSteps, runningSteps } from '../../../scheduler/allocation.ts';
import { jobNumber } from '../../../scheduler/job-id.ts';
import { SUPERVISOR } from '../../../scheduler/step-argv.ts';
import { LOCAL } from '../../runs/cluster/connect.ts';
import { exitOfRun } from '../../runs/exit.ts';
import { tell } from '../../runs/session/command.ts';
import {
  isSession,
  lookUpSession,
  lookUpSteered,
  type Session,
  type Steered,
} from '../../runs/session/lookup.ts';
import { liveSession, sessionNow } from '../../runs/session/steps.ts';
import { jsonLine } from '../../sink.ts';
import { eventText } from '../../views/event-text.ts';
import { writeLine } from '../../views/screen.ts';
import type { World } from '../../world.ts';
import type { RunOptions } from '../options.ts';

export interface ReleaseOptions extends RunOptions {
  /** false: do not wait for the verdict. */
  readonly wait?: boolean;
}

/** Milliseconds: each of three groups of steps is killed after 20 s, where it has not ended. */
const TIMEOUT = 90_000;

/**
 * `dyn-slurm release [RUN]`: ends a session, and an allocation that was taken for it, or a submitted job that is named.
 * Safe to repeat.
 */
export async function release(
  query: string | undefined,
  options: ReleaseOptions,
  world: World,
): Promise<number> {
  const found = await (query === undefined
    ? lookUpSession(query, { ...options, ended: true }, world)
    : lookUpSteered(query, options, world));
  return endRun(found, options, world);
}

/** `dyn-slurm drain [RUN]`: ends a run once the requests under way are answered. Exits as the run does. */
export async function drain(
  query: string | undefined,
  options: ReleaseOptions,
  world: World,
): Promise<number> {
  const found = await lookUpSteered(query, options, world);
  const { run: state } = await liveSession(found);
  requireStarted(found, state);
  const verdict = await tearDown(found, 'drain', options, world);
  if (verdict) {
    world.out.write(endText(found, options, verdict));
    return exitOfRun({ ...state, verdict });
  }
  if (world.signal.aborted) return leave(found, world);
  if (!options.json) world.err.write(`told ${found.run.id} to drain\n`);
  return EXIT.ok;
}

/** Ends a session or a job, and says what becomes of its allocation; the exit code. */
export async function endRun(found: Steered, options: ReleaseOptions, world: World): Promise<number> {
  const { run: state } = await sessionNow(found);
  const before = state.verdict;
  if (!before) requireStarted(found, state);
  const verdict = before ?? (await tearDown(found, 'release', options, world));
  if (world.signal.aborted) return leave(found, world);
  if (verdict === undefined && options.wait === false) {
    if (!options.json) world.err.write(`told ${found.run.id} to end; ${allocationText(found)}\n`);
    return EXIT.ok;
  }
  if (isSession(found)) await endRest(found, verdict !== undefined, world);
  world.out.write(endText(found, options, verdict, before !== undefined));
  return EXIT.ok;
}

/** A job that waits would obey as soon as it starts. @throws DynSlurmError `usage` */
function requireStarted(found: Steered, { started }: RunState): void {
  if (isSession(found) || started) return;
  throw new DynSlurmError('usage', `${found.run.id} has not started yet`, {
    hint: `\`dyn-slurm cancel ${found.run.id}\` takes it out of the queue`,
  });
}

function leave({ run }: Steered, { err }: World): number {
  err.write(`stopped waiting; ${run.id} may still be ending\n`);
  return EXIT.interrupted;
}

/** `verdict`: undefined where the run has left none. `already`: it had ended before. */
function endText(
  found: Steered,
  { json }: ReleaseOptions,
  verdict: EventOf<'verdict'> | undefined,
  already = false,
): string {
  const { run, job } = found;
  const allocation = job.session?.allocation ?? null;
  if (json) return jsonLine({ run: run.id, job: jobNumber(job.jobId), allocation, verdict: verdict ?? null });
  const after = verdict ? ` after ${elapsed(verdict.seconds * 1000)}` : '';
  return `${run.id} has ended${already ? ' already' : ''}${after}; ${allocationText(found)}\n`;
}

/**
 * Undefined where nobody waits, or a session leaves no verdict: its allocation is gone, or nothing of it answers. The end of
 * a drain comes when it comes.
 */
async function tearDown(
  found: Steered,
  verb: 'drain' | 'release',
  { json, wait = true }: ReleaseOptions,
  world: World,
): Promise<EventOf<'verdict'> | undefined> {
  const limited = verb === 'release' && isSession(found);
  const signal = limited ? AbortSignal.any([world.signal, timeLimit(TIMEOUT)]) : world.signal;
  const begun = verb === 'drain' ? 'draining' : 'teardown';
  try {
    const { events } = tell(found, { verb, steps: [] }, { ...world, signal });
    for await (const event of events) {
      if (event.kind === 'verdict') return event;
      if (!wait && event.kind === begun) return undefined;
      if (!json && (event.kind === 'draining' || event.kind === 'teardown'))
        writeLine(eventText(event), new Date(event.time), { out: world.err });
    }
  } catch (error) {
    // Gone already, which is what was asked for.
    if (!(error instanceof DynSlurmError) || error.code !== 'cancelled') throw error;
  }
  return undefined;
}

/**
 * The allocation: the session's last act, too, but it may have been cut short. What was borrowed is its owner's to end; what
 * runs in it of a session that nobody ends is not.
 */
async function endRest({ run, job, connection }: Session, ended: boolean, world: World): Promise<void> {
  const { host, scheduler } = connection;
  if (job.session.allocation === 'owned') {
    await scheduler.cancel(job.jobId, world.signal);
    return;
  }
  if (ended) return;
  const outline = await readPlan(host, run);
  const own = new Set([SUPERVISOR, ...(outline?.steps ?? []).map(({ name }) => name)]);
  const steps = await runningSteps(host, job.jobId, world.signal);
  await endSteps(
    host,
    job.jobId,
    steps.filter(({ name }) => own.has(name)),
    world.signal,
  );
}

function allocationText({ job, connection }: Steered): string {
  const number = jobNumber(job.jobId);
  if (job.session?.allocation !== 'borrowed')
    return job.session ? `its allocation, job ${number}, is released` : `job ${number} ends with it`;
  const scancel = connection.cluster === LOCAL ? '' : `; \`scancel ${number}\` ends it as well`;
  return `its allocation, job ${number}, continues: it existed before the session${scancel}`;
}
