import { DynSlurmError, EXIT } from '../../../errors.ts';
import { elapsed } from '../../../format.ts';
import { timeLimit } from '../../../host/time-limit.ts';
import { noteCancelled } from '../../../observe/cancel-note.ts';
import { watchRun } from '../../../observe/watch.ts';
import { readRunLog } from '../../../run/event-log.ts';
import type { ObservedEvent } from '../../../run/events.ts';
import { type RunState, stateAfter } from '../../../run/state.ts';
import { type JobId, jobNumber } from '../../../scheduler/job-id.ts';
import { withJob } from '../../runs/adopt.ts';
import { retriesAfter } from '../../runs/chain.ts';
import type { FoundRun } from '../../runs/cluster/connect.ts';
import { lookUpEach } from '../../runs/lookup.ts';
import { noteBadNodes } from '../../runs/nodes/ledger.ts';
import { reportRuns } from '../../runs/report.ts';
import { jsonLine } from '../../sink.ts';
import { screenOf, showEvents } from '../../views/screen.ts';
import type { World } from '../../world.ts';
import type { RunOptions } from '../options.ts';

export interface CancelOptions extends RunOptions {
  /** false: do not wait for the verdict. */
  readonly wait?: boolean;
}

/** Milliseconds: Slurm's KillWait is 30 s by default, and epilogs take theirs. */
const TIMEOUT = 120_000;

/**
 * `dyn-slurm cancel [RUN]`: ends the job, or those of a group, and shows the teardown; of a session in an allocation that was
 * there before, the session only. A run that has ended is no error.
 */
export async function cancel(
  query: string | undefined,
  options: CancelOptions,
  world: World,
): Promise<number> {
  const found = (await lookUpEach(query === undefined ? [] : [query], options, world)).toReversed();
  // The last first: of a group, others start when those before them have ended.
  const ends = [];
  for (const one of found) ends.push(await tell(one, options, world));
  let code: number = EXIT.ok;
  for (const end of ends.reverse()) {
    const own = end === undefined ? EXIT.ok : await end();
    if (code === EXIT.ok) code = own;
  }
  return code;
}

/** Tells a run's job to end. Gives what waits for that, with its exit code; undefined where it has ended already, or nobody waits. */
async function tell(
  found: FoundRun,
  options: CancelOptions,
  world: World,
): Promise<(() => Promise<number>) | undefined> {
  const { run: given, connection } = found;
  const { host, scheduler } = connection;
  const { events } = await readRunLog(host, given);
  const own = stateAfter(events);
  const past = own.started ? own : await asSlurmSays(found, own, world);
  await noteBadNodes(found, past, world);
  const say = (what: object, text: string) =>
    options.json ? world.out.write(jsonLine({ run: given.id, ...what })) : world.err.write(`${text}\n`);
  if (past.verdict) {
    const { outcome, reason, seconds } = past.verdict;
    say(
      { kind: 'ended-before', verdict: past.verdict },
      `${given.id} has ended already: ${outcome} after ${elapsed(seconds * 1000)}, ${reason}`,
    );
    return undefined;
  }
  const { job } = given;
  if (job?.session?.allocation === 'borrowed') {
    // Whoever has lent the nodes has not asked for their end.
    const { endRun } = await import('../session/release.ts');
    const code = await endRun(
      { run: given, connection, job: { ...job, session: job.session } },
      options,
      world,
    );
    return async () => code;
  }
  const { run, jobId } = await withJob(given, past, connection, world);
  // First of all those that would start because this one ends badly.
  for (const retry of await retriesAfter(run, connection)) {
    await scheduler.cancel(retry.jobId, world.signal);
    say(
      { kind: 'cancelling', job: jobNumber(retry.jobId), retry: retry.id },
      `canceled its retry ${retry.id}, job ${jobNumber(retry.jobId)}`,
    );
  }
  await scheduler.cancel(jobId, world.signal);
  if (!past.started) await noteCancelled(host, run, world.now());
  say({ kind: 'cancelling', job: jobNumber(jobId) }, `canceled job ${jobNumber(jobId)} of ${run.id}`);
  if (options.wait === false) return undefined;
  return () => untilEnd({ run, connection }, jobId, events.length, options, world);
}

/** Shows the teardown of a job. `known`: how many of its events have been seen. */
async function untilEnd(
  found: FoundRun,
  jobId: JobId,
  known: number,
  options: CancelOptions,
  world: World,
): Promise<number> {
  const { run, connection } = found;
  const signal = AbortSignal.any([world.signal, timeLimit(TIMEOUT)]);
  const watched = watchRun(connection, { dir: run.dir, jobId }, signal);
  const screen = screenOf(world, options.json, 'lines');
  const state = await showEvents(after(watched, known), { outline: undefined }, screen);
  await noteBadNodes(found, state, world);
  if (state.verdict) return EXIT.ok;
  if (world.signal.aborted) {
    world.err.write(`stopped waiting; job ${jobNumber(jobId)} is ending\n`);
    return EXIT.interrupted;
  }
  throw new DynSlurmError(
    'deadline',
    `job ${jobNumber(jobId)} was canceled ${elapsed(TIMEOUT)} ago, but has not ended`,
    {
      hint: `see \`dyn-slurm status ${run.id}\`; if a node cannot end its processes, tell the administrators`,
    },
  );
}

/**
 * What became of a job that has told nothing of itself: it may have been withdrawn in the queue. One that Slurm merely does
 * not know is told to end all the same.
 */
async function asSlurmSays(found: FoundRun, own: RunState, world: World): Promise<RunState> {
  if (own.verdict) return own;
  const [report] = await reportRuns([found], world);
  return report?.state.queue?.phase === 'ended' ? report.state : own;
}

/** Without the events that came before. */
async function* after(events: AsyncIterable<ObservedEvent>, count: number): AsyncGenerator<ObservedEvent> {
  let index = 0;
  for await (const event of events) if (index++ >= count) yield event;
}
