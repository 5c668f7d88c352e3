import { DynSlurmError, EXIT } from '../errors.ts';
import type { EventOf } from '../observe/event.ts';
import { jobNumber } from '../scheduler/job-id.ts';
import { eventText } from './event-text.ts';
import type { LookupOptions } from './run-lookup.ts';
import { tell } from './session-command.ts';
import { lookUpSession, type Session } from './session-lookup.ts';
import { sessionNow } from './session-steps.ts';
import { elapsed } from './time-text.ts';
import { writeLine } from './view.ts';
import type { World } from './world.ts';

export interface ReleaseOptions extends LookupOptions {
  readonly json?: boolean;
}

/** Milliseconds: three groups of steps have 8 s each. */
const PATIENCE = 60_000;

/** `dyn-slurm release [RUN]`: ends a session, and an allocation that was taken for it. Safe to repeat. */
export async function release(
  query: string | undefined,
  options: ReleaseOptions,
  world: World,
): Promise<number> {
  const session = await lookUpSession(query, options, world);
  const before = (await sessionNow(session)).run.verdict;
  const verdict = before ?? (await tearDown(session, options, world));
  if (world.signal.aborted) {
    world.err.write(`not waiting any more; ${session.run.id} may still be ending\n`);
    return EXIT.interrupted;
  }
  await endAllocation(session, world);
  report(session, { verdict, again: before !== undefined }, options, world);
  return EXIT.ok;
}

/** Undefined where the session leaves no verdict: its allocation is gone, or nothing of it answers. */
async function tearDown(
  session: Session,
  { json }: ReleaseOptions,
  world: World,
): Promise<EventOf<'verdict'> | undefined> {
  const signal = AbortSignal.any([world.signal, AbortSignal.timeout(PATIENCE)]);
  try {
    const { events } = tell(session, { verb: 'release', steps: [] }, { ...world, signal });
    for await (const event of events) {
      if (event.kind === 'verdict') return event;
      if (!json && event.kind === 'teardown') {
        writeLine(eventText(event), new Date(event.time), { out: world.err });
      }
    }
  } catch (error) {
    // Gone already, which is what was asked for.
    if (!(error instanceof DynSlurmError) || error.code !== 'cancelled') throw error;
  }
  return undefined;
}

/** The session's last act, too; but it may have been cut short. What was borrowed is its owner's to end. */
async function endAllocation({ job, connection }: Session, world: World): Promise<void> {
  if (job.session.allocation === 'owned') await connection.scheduler.cancel(job.jobId, world.signal);
}

function report(
  { run, job }: Session,
  { verdict, again }: { readonly verdict: EventOf<'verdict'> | undefined; readonly again: boolean },
  { json }: ReleaseOptions,
  world: World,
): void {
  const { allocation } = job.session;
  const number = jobNumber(job.jobId);
  if (json) {
    const result = { run: run.id, job: number, allocation, verdict: verdict ?? null };
    world.out.write(`${JSON.stringify(result)}\n`);
    return;
  }
  const after = verdict ? ` after ${elapsed(verdict.seconds * 1000)}` : '';
  const what = again ? `${run.id} has ended already${after}` : `${run.id} has ended${after}`;
  const nodes =
    allocation === 'owned'
      ? `its allocation, job ${number}, is given back`
      : `its allocation, job ${number}, goes on: it was there before`;
  world.out.write(`${what}; ${nodes}\n`);
}
