import { DynSlurmError, EXIT } from '../../../errors.ts';
import { elapsed } from '../../../format.ts';
import { timeLimit } from '../../../host/time-limit.ts';
import type { EventOf } from '../../../run/events.ts';
import { readPlan } from '../../../run/plan-file.ts';
import { endSteps, runningSteps } from '../../../scheduler/allocation.ts';
import { jobNumber } from '../../../scheduler/job-id.ts';
import { SUPERVISOR } from '../../../scheduler/step-argv.ts';
import { LOCAL } from '../../runs/cluster/connect.ts';
import { tell } from '../../runs/session/command.ts';
import { lookUpSession, type Session } from '../../runs/session/lookup.ts';
import { sessionNow } from '../../runs/session/steps.ts';
import { jsonLine } from '../../sink.ts';
import { eventText } from '../../views/event-text.ts';
import { writeLine } from '../../views/screen.ts';
import type { World } from '../../world.ts';
import type { RunOptions } from '../options.ts';

export interface ReleaseOptions extends RunOptions {
  /** false: do not wait for the verdict. */
  readonly wait?: boolean;
}

/** Milliseconds: three groups of steps have 8 s each. */
const TIMEOUT = 60_000;

/** `dyn-slurm release [RUN]`: ends a session, and an allocation that was taken for it. Safe to repeat. */
export async function release(
  query: string | undefined,
  options: ReleaseOptions,
  world: World,
): Promise<number> {
  return endSession(await lookUpSession(query, { ...options, ended: true }, world), options, world);
}

/** Ends a session, and says what becomes of its allocation; the exit code. */
export async function endSession(session: Session, options: ReleaseOptions, world: World): Promise<number> {
  const before = (await sessionNow(session)).run.verdict;
  const verdict = before ?? (await tearDown(session, options, world));
  if (world.signal.aborted) {
    world.err.write(`not waiting any more; ${session.run.id} may still be ending\n`);
    return EXIT.interrupted;
  }
  if (verdict === undefined && options.wait === false) {
    if (!options.json) world.err.write(`told ${session.run.id} to end; ${allocationText(session)}\n`);
    return EXIT.ok;
  }
  await endRest(session, verdict !== undefined, world);
  const { run, job } = session;
  const { allocation } = job.session;
  const ended = `${run.id} has ended${before ? ' already' : ''}`;
  const after = verdict ? ` after ${elapsed(verdict.seconds * 1000)}` : '';
  world.out.write(
    options.json
      ? jsonLine({ run: run.id, job: jobNumber(job.jobId), allocation, verdict: verdict ?? null })
      : `${ended}${after}; ${allocationText(session)}\n`,
  );
  return EXIT.ok;
}

/** Undefined where the session leaves no verdict: its allocation is gone, or nothing of it answers. */
async function tearDown(
  session: Session,
  { json, wait = true }: ReleaseOptions,
  world: World,
): Promise<EventOf<'verdict'> | undefined> {
  const signal = AbortSignal.any([world.signal, timeLimit(TIMEOUT)]);
  try {
    const { events } = tell(session, { verb: 'release', steps: [] }, { ...world, signal });
    for await (const event of events) {
      if (event.kind === 'verdict') return event;
      if (!wait && event.kind === 'teardown') return undefined;
      if (!json && event.kind === 'teardown')
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

function allocationText({ job, connection }: Session): string {
  const number = jobNumber(job.jobId);
  if (job.session.allocation === 'owned') return `its allocation, job ${number}, is given back`;
  const scancel = connection.cluster === LOCAL ? '' : `; \`scancel ${number}\` ends that, too`;
  return `its allocation, job ${number}, goes on: it was there before${scancel}`;
}
