import { DynSlurmError, EXIT } from '../../../errors.ts';
import { pause } from '../../../host/pause.ts';
import { timeLimit } from '../../../host/time-limit.ts';
import { watchRun } from '../../../observe/watch.ts';
import type { Plan } from '../../../plan/plan.ts';
import type { ObservedEvent } from '../../../run/events.ts';
import { type Outline, readPlan } from '../../../run/plan-file.ts';
import { sessionState } from '../../../run/session-state.ts';
import { advance, NEW_RUN, type RunState } from '../../../run/state.ts';
import { jobNumber } from '../../../scheduler/job-id.ts';
import { noteBadNodes } from '../../runs/nodes/ledger.ts';
import type { Session } from '../../runs/session/lookup.ts';
import { sessionNow } from '../../runs/session/steps.ts';
import {
  requireAllocation,
  startSupervisor,
  stillAllocated,
  supervisorRuns,
  supervisorTrouble,
} from '../../runs/session/supervisor.ts';
import { screenOf, showEvents } from '../../views/screen.ts';
import { endingText } from '../../views/verdict-text.ts';
import type { World } from '../../world.ts';
import { endedText, goesOn } from './hints.ts';

interface OpeningOptions {
  readonly workers?: boolean;
  readonly json?: boolean;
}

/** Milliseconds in which the supervisor has said something, or it is looked for. */
const UNHEARD = 8000;

/**
 * Starts a session's supervisor, and shows how the service comes up: until it is ready, or every step serves or has ended.
 * The code is `jobFailed` where one has ended, or the session itself, whose allocation is then given back. `over`: it has
 * ended, or nobody wants to wait for it.
 */
export async function showOpening(
  session: Session,
  plan: Plan,
  options: OpeningOptions,
  world: World,
): Promise<{ readonly code: number; readonly over: boolean }> {
  const { run, job, connection } = session;
  const screen = screenOf(world, options.json);
  const outline = await readPlan(connection.host, run);
  await startSupervisor(session, world.signal);
  const deadline = timeLimit(plan.readiness.deadline * 1000);
  const signal = AbortSignal.any([world.signal, deadline]);
  const shown = {
    outline,
    submitted: job.submitted,
    ...(options.workers === false ? {} : { through: 'ready' }),
  };
  const events = untilSettled(session, outline, options, { ...world, signal });
  const state = await showEvents(events, shown, screen);
  await noteBadNodes({ run, connection }, state, world);
  if (state.verdict) {
    world.err.write(await endingText(state.verdict, run, connection.host));
    return { code: await giveBack(session, world), over: true };
  }
  if (world.signal.aborted) {
    world.err.write(`\n${goesOn(session)}`);
    return { code: EXIT.interrupted, over: true };
  }
  const ended = (await sessionNow(session)).steps.flatMap(({ end }) => end ?? []);
  if (!options.json) for (const end of ended) world.err.write(`\n${endedText(run, end)}`);
  if (ended.length > 0) return { code: EXIT.jobFailed, over: false };
  if (deadline.aborted && !options.json) {
    world.err.write(
      `\nnot ready after ${plan.readiness.deadline} s, still starting; see \`dyn-slurm logs\`\n`,
    );
  }
  return { code: deadline.aborted ? EXIT.deadline : EXIT.ok, over: false };
}

/** The session's events, until there is nothing more to wait for. */
async function* untilSettled(
  session: Session,
  outline: Outline | undefined,
  { workers = true }: OpeningOptions,
  world: World,
): AsyncGenerator<ObservedEvent> {
  const { run, job, connection } = session;
  const stop = new AbortController();
  const signal = AbortSignal.any([world.signal, stop.signal]);
  const heard = { state: NEW_RUN };
  const guard = untilHeard(session, heard, { ...world, signal });
  let trouble: unknown;
  guard.catch((error: unknown) => {
    trouble = error;
    stop.abort();
  });
  try {
    for await (const event of watchRun(connection, { dir: run.dir, jobId: job.jobId }, signal)) {
      yield event;
      if (event.kind === 'queue') continue;
      heard.state = advance(heard.state, event);
      if (event.kind === 'ready') return;
      const { open, steps } = sessionState(heard.state, outline);
      const awaited = steps.filter(({ kind }) => kind !== 'bench' && (workers || kind !== 'worker'));
      const settled = awaited.every(({ phase }) => phase === 'serving' || phase === 'ended');
      if (!open || !settled) continue;
      // Where all serve, the whole of them is about to be ready.
      if (!workers || awaited.some(({ phase }) => phase === 'ended')) return;
    }
  } finally {
    stop.abort();
  }
  if (trouble !== undefined) throw trouble;
}

/** @throws DynSlurmError `connection` where the supervisor's step does not start. */
async function untilHeard(
  session: Session,
  heard: { readonly state: RunState },
  world: World,
): Promise<void> {
  while (await pause(UNHEARD, world.signal)) {
    if (heard.state !== NEW_RUN) return;
    await requireAllocation(session, world.signal);
    const why = await supervisorTrouble(session);
    if (why === undefined && (await supervisorRuns(session, world.signal))) continue;
    throw new DynSlurmError(
      'connection',
      `the session's supervisor does not start: ${why ?? 'srun printed nothing'}`,
      {
        hint: `see session.log in ${session.run.dir}; \`dyn-slurm attach ${session.run.id}\` tries again, \`dyn-slurm release ${session.run.id}\` releases the nodes`,
      },
    );
  }
}

/** A session that failed to open is over. Somebody at a terminal may want to try again on the same nodes. */
async function giveBack(session: Session, world: World): Promise<number> {
  const { job, connection } = session;
  if (world.readLines || job.session.allocation === 'borrowed') {
    world.err.write(await stillAllocated(session, world));
    return EXIT.jobFailed;
  }
  await connection.scheduler.cancel(job.jobId, world.signal);
  world.err.write(`job ${jobNumber(job.jobId)} is released\n`);
  return EXIT.jobFailed;
}
