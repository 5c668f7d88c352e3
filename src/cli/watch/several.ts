import { EXIT } from '../../errors.ts';
import type { ObservedEvent } from '../../observe/event.ts';
import { merge } from '../../observe/merge.ts';
import { type Outline, readOutline } from '../../observe/outline.ts';
import { readRunLog } from '../../observe/run-log.ts';
import { stateAfter } from '../../observe/run-state.ts';
import { watchRun } from '../../observe/watch.ts';
import { withLogs } from '../../observe/with-logs.ts';
import { withService } from '../../observe/with-service.ts';
import type { JobId } from '../../scheduler/job-id.ts';
import { benchedEnd } from '../bench/verdict.ts';
import { withJob } from '../run/adopt.ts';
import type { FoundRun } from '../run/lookup.ts';
import type { World } from '../world.ts';
import { detachedText } from './detached.ts';
import { eventText } from './event-text.ts';
import type { GaugePage } from './live/gauge-page.ts';
import { advanceLive, type LiveState, newLiveState } from './live/live-state.ts';
import { LoadLines } from './live/load-lines.ts';
import { RunsView } from './live/runs-view.ts';
import { patience } from './patience.ts';
import { endingText, isBad } from './verdict-text.ts';
import { isNews, screenOf, writeLine } from './view.ts';
import type { WatchOptions } from './watch.ts';

/** A run, and what is known of it so far. */
interface Shown extends FoundRun {
  readonly id: string;
  readonly submitted: string | undefined;
  readonly jobId: JobId;
  readonly outline: Outline;
  live: LiveState;
  readonly loads: LoadLines;
}

/**
 * Shows several runs at once, a line a change with the run's id before it, until all have ended; on a terminal there is a
 * table of them below. The exit code is that of the first that did not end well. Runs of one cluster cost one call of
 * squeue together.
 */
export async function showRuns(
  found: readonly FoundRun[],
  { json = false, pendingLimit, every }: Pick<WatchOptions, 'json' | 'pendingLimit' | 'every'>,
  world: World,
  page: GaugePage,
): Promise<number> {
  const shown = await Promise.all(found.map((one) => begin(one, world)));
  const width = Math.max(...shown.map(({ run }) => run.id.length));
  const screen = screenOf(world, json);
  const stop = new AbortController();
  const patient = patience(
    shown.map(({ run }) => run.id),
    pendingLimit,
    AbortSignal.any([world.signal, stop.signal]),
  );
  const view = RunsView.on(screen, shown);
  try {
    for await (const { one, event } of merge(
      stop,
      ...shown.map((each) => events(each, every, world, page, patient.signal)),
    )) {
      patient.see(one.id, event);
      const news = isNews(event, one.live.run);
      one.live = advanceLive(one.live, event);
      if (json) world.out.write(`${JSON.stringify({ run: one.id, ...event })}\n`);
      else if (news) {
        const text = lineOf(event, one, view !== undefined);
        const time = new Date(event.time || world.now());
        writeLine(text && `${one.id.padEnd(width)}  ${text}`, time, view ?? screen);
      }
    }
  } finally {
    view?.close();
  }
  patient.end();
  const left = shown.filter(({ live }) => !live.run.verdict);
  if (left.length > 0) {
    const late = patient.text();
    world.err.write((late ?? '') + detachedText(left));
    return late === undefined ? EXIT.interrupted : EXIT.deadline;
  }
  for (const { live, run, connection } of shown) {
    const { verdict } = live.run;
    if (!json && verdict && isBad(verdict))
      world.err.write(`${run.id}: ${await endingText(verdict, run, connection.host)}`);
  }
  const ends = await Promise.all(
    shown.map(({ live, run, connection }) => benchedEnd(connection.host, run, live.run)),
  );
  if (!json) world.out.write(ends.map(({ text }) => text && `\n${text}`).join(''));
  return ends.map(({ code }) => code).find((code) => code !== EXIT.ok) ?? EXIT.ok;
}

async function begin(found: FoundRun, world: World): Promise<Shown> {
  const past = stateAfter((await readRunLog(found.connection.host, found.run)).events);
  const { connection } = found;
  const { run, jobId } = await withJob(found.run, past, connection, world);
  const outline = (await readOutline(connection.host, run)) ?? { steps: [] };
  const live = newLiveState(outline);
  const { id, job } = run;
  return { id, submitted: job?.submitted, run, connection, jobId, outline, live, loads: new LoadLines() };
}

/** A table shows loads, and where they come from, better than lines. */
function lineOf(event: ObservedEvent, { loads }: Shown, inTable: boolean): string | undefined {
  if (inTable && (event.kind === 'load' || event.kind === 'source')) return undefined;
  return event.kind === 'load' ? loads.hear(event) : eventText(event);
}

async function* events(
  one: Shown,
  every: number | undefined,
  { now }: World,
  page: GaugePage,
  signal: AbortSignal,
): AsyncGenerator<{ readonly one: Shown; readonly event: ObservedEvent }> {
  const { connection, run, jobId, outline } = one;
  const { host } = connection;
  const own = withLogs(watchRun(connection, { dir: run.dir, jobId }, signal), { host, run, now }, signal);
  const service = { host, run, now, every: every === undefined ? undefined : every * 1000 };
  for await (const event of page.follow(run.id, outline, withService(own, service, signal)))
    yield { one, event };
}
