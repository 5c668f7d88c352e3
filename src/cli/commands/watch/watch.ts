import { EXIT } from '../../../errors.ts';
import { untilAbort } from '../../../host/until-abort.ts';
import { isBad, knownCause } from '../../../observe/known-cause.ts';
import { withLogs } from '../../../observe/log-watch.ts';
import { merge } from '../../../observe/merge.ts';
import { watchRun } from '../../../observe/watch.ts';
import { withService } from '../../../observe/with-service.ts';
import { readRunState } from '../../../run/event-log.ts';
import type { EventOf, ObservedEvent } from '../../../run/events.ts';
import type { Run } from '../../../run/folder.ts';
import { type Outline, readPlan } from '../../../run/plan-file.ts';
import { NEW_RUN, type RunState } from '../../../run/state.ts';
import { type JobId, jobNumber } from '../../../scheduler/job-id.ts';
import { accessRows, accessText } from '../../runs/access.ts';
import { withJob } from '../../runs/adopt.ts';
import { cancellingUid } from '../../runs/cancelled-by.ts';
import { type Connection, type FoundRun, LOCAL } from '../../runs/cluster/connect.ts';
import { exitOfRun, exitOfRuns } from '../../runs/exit.ts';
import { type LookupOptions, lookUpEach } from '../../runs/lookup.ts';
import { noteBadNodes } from '../../runs/nodes/ledger.ts';
import { benchedEnd } from '../../views/bench-text.ts';
import { eventText } from '../../views/event-text.ts';
import { NO_PAGE, openGaugePage, type PagePlace } from '../../views/live/gauges.ts';
import { LoadLines } from '../../views/live/history.ts';
import { advanceLive, isMock, newLiveState } from '../../views/live/live-state.ts';
import { RunsView } from '../../views/live/run-table.ts';
import { showLive } from '../../views/live/show-live.ts';
import { isNews, type Screen, screenOf, writeLine } from '../../views/screen.ts';
import { verdictText } from '../../views/verdict-text.ts';
import type { World } from '../../world.ts';
import { limitPending } from './pending-limit.ts';

interface ShowOptions {
  readonly json?: boolean;
  /** Seconds that a job may wait in the queue while it is watched. */
  readonly pendingLimit?: number;
  /** Seconds between polls of the service's metrics. */
  readonly every?: number;
}

export interface WatchOptions extends LookupOptions, ShowOptions {
  /** Address and port at which to expose Prometheus metrics. */
  readonly prometheus?: PagePlace;
}

/** `dyn-slurm watch [RUN...]`: shows runs until they end. An interrupt leaves their jobs alone. */
export async function watch(
  queries: readonly string[],
  options: WatchOptions,
  world: World,
): Promise<number> {
  const found = await lookUpEach(queries, options, world);
  const page = options.prometheus ? await openGaugePage(options.prometheus, world) : NO_PAGE;
  try {
    return (await showRuns(found, options, world, page)).code;
  } finally {
    page.close();
  }
}

/**
 * `submit --watch`: shows the first runs of chains and then, for each that fails, its retries, one after the other; the exit
 * code is that of the first chain that did not end well.
 */
export async function showChains(
  chains: readonly (readonly Run[])[],
  connection: Connection,
  options: ShowOptions,
  world: World,
): Promise<number> {
  const codes = new Map<readonly Run[], number>();
  let open = chains;
  for (let attempt = 0; open.length > 0; attempt += 1) {
    const runs = open.flatMap((chain) => chain[attempt] ?? []);
    if (attempt > 0 && !options.json) {
      const [what, ids] = [runs.length === 1 ? 'its retry' : 'their retries', runs.map(({ id }) => id)];
      world.err.write(`\nwatching ${what} next: ${ids.join(', ')}\n`);
    }
    const shown = await showRuns(
      runs.map((run) => ({ run, connection })),
      options,
      world,
    );
    if (shown.detached) return shown.code;
    for (const [index, chain] of open.entries()) codes.set(chain, shown.ends[index]?.code ?? EXIT.ok);
    if (world.signal.aborted) break;
    open = open.filter((chain, index) => shown.ends[index]?.failed && chain.length > attempt + 1);
  }
  return [...codes.values()].find((code) => code !== EXIT.ok) ?? EXIT.ok;
}

/** A run that is watched, with the stream of all that is to be seen of its job, its logs and its service. */
interface Watched extends FoundRun {
  readonly jobId: JobId;
  readonly outline: Outline | undefined;
  readonly events: AsyncIterable<ObservedEvent>;
}

/** How the watching of runs ended. */
interface Shown {
  readonly code: number;
  /** Somebody stopped it before all of the runs had ended. */
  readonly detached: boolean;
  /** How each run ended. */
  readonly ends: readonly Ending[];
}

interface Ending {
  readonly code: number;
  /** A job that did what it was for has no use for its retries, even where its benchmark does not count. */
  readonly failed: boolean;
}

/**
 * Shows runs until they end, and says how; the exit code is that of the first that did not end well. Runs of one cluster
 * cost one call of squeue together.
 */
async function showRuns(
  found: readonly FoundRun[],
  { json = false, pendingLimit, every }: ShowOptions,
  world: World,
  page = NO_PAGE,
): Promise<Shown> {
  const stop = new AbortController();
  const pending = limitPending(
    found.map(({ run }) => run.id),
    pendingLimit,
    AbortSignal.any([world.signal, stop.signal]),
  );
  const begin = async ({ run: given, connection }: FoundRun): Promise<Watched> => {
    const { host } = connection;
    const { run, jobId } = await withJob(given, await readRunState(host, given), connection, world);
    const outline = await readPlan(host, run);
    const { signal } = pending;
    const { now } = world;
    const job = pending.follow(run.id, watchRun(connection, { dir: run.dir, jobId }, signal));
    const service = { host, run, now, every: every === undefined ? undefined : every * 1000 };
    const all = withService(withLogs(job, { host, run, now }, signal), service, signal);
    return { run, connection, jobId, outline, events: page.follow(run.id, outline, untilAbort(all, signal)) };
  };
  const runs = await Promise.all(found.map(begin));
  const screen = screenOf(world, json);
  const [first] = runs;
  const alone = runs.length === 1 ? first : undefined;
  const states = alone ? [await showAlone(alone, screen, world)] : await showTogether(runs, stop, screen);
  pending.end();
  const shown = runs.map((one, index) => ({ ...one, state: states[index] ?? NEW_RUN }));
  const left = shown.filter(({ state }) => !state.verdict);
  if (left.length > 0) {
    const late = pending.text();
    for (const { state, ...one } of shown) await noteBadNodes(one, state, world);
    world.err.write((late ?? '') + detachedText(left));
    return { code: late === undefined ? EXIT.interrupted : EXIT.deadline, detached: true, ends: [] };
  }
  // Plain lines of a single run have said its end already, unless there is more to say.
  const untold = alone !== undefined && screen.renderer === 'steps';
  for (const { run, connection, jobId, state } of shown) {
    const { verdict } = state;
    const why = verdict && (await knownCause(verdict, run, connection.host));
    await noteBadNodes({ run, connection }, state, world, why);
    if (json || verdict === undefined) continue;
    const text = untold || isBad(verdict) ? verdictText(verdict, run, why) : '';
    const uid = alone && (await cancellingUid(verdict, jobId, connection, world));
    if (alone) world.err.write(`${text}${uid === undefined ? '' : `cancelled by uid ${uid}\n`}`);
    else if (text !== '') world.err.write(`${run.id}: ${text}`);
  }
  const benched = await Promise.all(
    shown.map(({ state, run, connection }) => benchedEnd(connection.host, run, state, world.page)),
  );
  if (!json) world.out.write(benched.map(({ text }) => text && `\n${text}`).join(''));
  const ends = benched.map(({ code }, index) => {
    const { state } = shown[index] ?? { state: NEW_RUN };
    return { code, failed: code !== EXIT.ok && exitOfRun(state) !== EXIT.ok };
  });
  const code = exitOfRuns(shown.map((one, index) => ({ ...one, code: ends[index]?.code ?? EXIT.ok })));
  return { code, detached: false, ends };
}

function showAlone({ run, connection, outline, events }: Watched, screen: Screen, world: World) {
  const access = (ready: EventOf<'ready'>) => accessText(accessRows(ready, run, connection, world));
  return showLive(run.id, events, { outline, submitted: run.job?.submitted, access }, screen);
}

/** A line a change with the run's id before it; on a terminal there is a table of the runs below. */
async function showTogether(
  runs: readonly Watched[],
  stop: AbortController,
  screen: Screen,
): Promise<readonly RunState[]> {
  const rows = runs.map(({ run, outline = { steps: [] }, events }) => ({
    id: run.id,
    submitted: run.job?.submitted,
    live: newLiveState(outline),
    loads: new LoadLines(),
    events,
  }));
  const width = Math.max(...rows.map(({ id }) => id.length));
  const view = RunsView.on(screen, rows);
  const marked = async function* (row: (typeof rows)[number]) {
    for await (const event of row.events) yield { row, event };
  };
  try {
    for await (const { row, event } of merge(stop, ...rows.map(marked))) {
      const news = isNews(event, row.live.run);
      row.live = advanceLive(row.live, event);
      if (screen.renderer === 'json') screen.out.write(`${JSON.stringify({ run: row.id, ...event })}\n`);
      // A table shows loads, and where they come from, better than lines.
      if (screen.renderer === 'json' || !news || (view && ['load', 'source'].includes(event.kind))) continue;
      const text = event.kind === 'load' ? row.loads.hear(event, isMock(row.live)) : eventText(event);
      writeLine(text && `${row.id.padEnd(width)}  ${text}`, new Date(event.time || screen.now()), {
        ...screen,
        ...(view && { out: view.out }),
      });
    }
  } finally {
    view?.close();
  }
  return rows.map(({ live }) => live.run);
}

/** What a person must know who stops watching. */
function detachedText(left: readonly Watched[]): string {
  const numbers = left.map(({ jobId }) => jobNumber(jobId));
  const ids = left.map(({ run }) => run.id);
  const many = left.length > 1;
  const scancel = left.some(({ connection }) => connection.cluster === LOCAL)
    ? ''
    : `, or scancel ${numbers.join(' ')}`;
  return [
    `\nstopped watching; ${many ? 'jobs' : 'job'} ${numbers.join(', ')} ${many ? 'keep' : 'keeps'} running`,
    `  watch again:  dyn-slurm watch ${ids.join(' ')}`,
    `  end the ${many ? 'jobs' : 'job'}:  dyn-slurm cancel ${many ? 'RUN' : ids[0]}${scancel}`,
    '',
  ].join('\n');
}
