import { EXIT } from '../../../errors.ts';
import { isBad, knownCause } from '../../../observe/known-cause.ts';
import { merge } from '../../../observe/merge.ts';
import type { ObservedEvent } from '../../../run/events.ts';
import type { FoundRun } from '../../runs/cluster/connect.ts';
import { noteBadNodes } from '../../runs/nodes/ledger.ts';
import { benchedEnd } from '../../views/bench-text.ts';
import { eventText } from '../../views/event-text.ts';
import type { GaugePage } from '../../views/live/gauges.ts';
import { LoadLines } from '../../views/live/history.ts';
import { advanceLive, isMock, type LiveState, newLiveState } from '../../views/live/live-state.ts';
import { RunsView } from '../../views/live/run-table.ts';
import { isNews, screenOf, writeLine } from '../../views/screen.ts';
import { verdictText } from '../../views/verdict-text.ts';
import type { World } from '../../world.ts';
import { detachedText } from './detached.ts';
import { limitPending } from './pending-limit.ts';
import { runEvents, type ShowOptions, type WatchedRun, watchedRun } from './run-events.ts';

/** A run, and what is known of it so far. */
interface Shown extends WatchedRun {
  readonly id: string;
  readonly submitted: string | undefined;
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
  { json = false, pendingLimit, every }: ShowOptions,
  world: World,
  page: GaugePage,
): Promise<number> {
  const shown = await Promise.all(found.map((one) => begin(one, world)));
  const width = Math.max(...shown.map(({ run }) => run.id.length));
  const screen = screenOf(world, json);
  const stop = new AbortController();
  const pending = limitPending(
    shown.map(({ run }) => run.id),
    pendingLimit,
    AbortSignal.any([world.signal, stop.signal]),
  );
  const view = RunsView.on(screen, shown);
  try {
    for await (const { one, event } of merge(
      stop,
      ...shown.map((each) => marked(each, runEvents(each, world, { page, pending, every }))),
    )) {
      const news = isNews(event, one.live.run);
      one.live = advanceLive(one.live, event);
      if (json) world.out.write(`${JSON.stringify({ run: one.id, ...event })}\n`);
      else if (news) {
        const text = lineOf(event, one, view !== undefined);
        const time = new Date(event.time || world.now());
        writeLine(text && `${one.id.padEnd(width)}  ${text}`, time, {
          ...screen,
          ...(view && { out: view.out }),
        });
      }
    }
  } finally {
    view?.close();
  }
  pending.end();
  const left = shown.filter(({ live }) => !live.run.verdict);
  if (left.length > 0) {
    const late = pending.text();
    world.err.write((late ?? '') + detachedText(left));
    return late === undefined ? EXIT.interrupted : EXIT.deadline;
  }
  for (const { live, run, connection } of shown) {
    const { verdict } = live.run;
    const why = verdict && (await knownCause(verdict, run, connection.host));
    await noteBadNodes({ run, connection }, live.run, world, why);
    if (!json && verdict && isBad(verdict)) world.err.write(`${run.id}: ${verdictText(verdict, run, why)}`);
  }
  const ends = await Promise.all(
    shown.map(({ live, run, connection }) => benchedEnd(connection.host, run, live.run, world.page)),
  );
  if (!json) world.out.write(ends.map(({ text }) => text && `\n${text}`).join(''));
  return ends.map(({ code }) => code).find((code) => code !== EXIT.ok) ?? EXIT.ok;
}

async function begin(found: FoundRun, world: World): Promise<Shown> {
  const watched = await watchedRun(found, world);
  const { run, outline = { steps: [] } } = watched;
  const { id, job } = run;
  return { ...watched, id, submitted: job?.submitted, live: newLiveState(outline), loads: new LoadLines() };
}

/** A table shows loads, and where they come from, better than lines. */
function lineOf(event: ObservedEvent, { loads, live }: Shown, inTable: boolean): string | undefined {
  if (inTable && (event.kind === 'load' || event.kind === 'source')) return undefined;
  return event.kind === 'load' ? loads.hear(event, isMock(live)) : eventText(event);
}

async function* marked(
  one: Shown,
  events: AsyncIterable<ObservedEvent>,
): AsyncGenerator<{ readonly one: Shown; readonly event: ObservedEvent }> {
  for await (const event of events) yield { one, event };
}
