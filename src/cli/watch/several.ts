import { EXIT } from '../../errors.ts';
import type { ObservedEvent } from '../../observe/event.ts';
import { merge } from '../../observe/merge.ts';
import { readOutline } from '../../observe/outline.ts';
import { readRunLog } from '../../observe/run-log.ts';
import { advance, NEW_RUN, type RunState, stateAfter } from '../../observe/run-state.ts';
import { watchRun } from '../../observe/watch.ts';
import { withService } from '../../observe/with-service.ts';
import type { JobId } from '../../scheduler/job-id.ts';
import { benchedEnd } from '../bench/verdict.ts';
import { withJob } from '../run/adopt.ts';
import type { FoundRun } from '../run/lookup.ts';
import type { World } from '../world.ts';
import { detachedText } from './detached.ts';
import { eventText } from './event-text.ts';
import type { GaugePage } from './live/gauge-page.ts';
import { LoadLines } from './live/load-lines.ts';
import { patience } from './patience.ts';
import { endingText, isBad } from './verdict-text.ts';
import { isNews, screenOf, writeLine } from './view.ts';
import type { WatchOptions } from './watch.ts';

/** A run, and what is known of it so far. */
interface Shown extends FoundRun {
  readonly jobId: JobId;
  state: RunState;
  readonly loads: LoadLines;
}

/**
 * Shows several runs at once, a line a change with the run's id before it, until all have ended. The exit code is that of
 * the first that did not end well. Runs of one cluster cost one call of squeue together.
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
  for await (const { one, event } of merge(
    stop,
    ...shown.map((each) => events(each, every, world, page, patient.signal)),
  )) {
    patient.see(one.run.id, event);
    const news = isNews(event, one.state);
    one.state = advance(one.state, event);
    if (json) world.out.write(`${JSON.stringify({ run: one.run.id, ...event })}\n`);
    else if (news) {
      const text = event.kind === 'load' ? one.loads.hear(event) : eventText(event);
      writeLine(text && `${one.run.id.padEnd(width)}  ${text}`, new Date(event.time || world.now()), screen);
    }
  }
  patient.end();
  const left = shown.filter(({ state }) => !state.verdict);
  if (left.length > 0) {
    const late = patient.text();
    world.err.write((late ?? '') + detachedText(left));
    return late === undefined ? EXIT.interrupted : EXIT.deadline;
  }
  for (const { state, run, connection } of shown) {
    if (!json && state.verdict && isBad(state.verdict))
      world.err.write(`${run.id}: ${await endingText(state.verdict, run, connection.host)}`);
  }
  const ends = await Promise.all(
    shown.map(({ state, run, connection }) => benchedEnd(connection.host, run, state)),
  );
  if (!json) world.out.write(ends.map(({ text }) => text && `\n${text}`).join(''));
  return ends.map(({ code }) => code).find((code) => code !== EXIT.ok) ?? EXIT.ok;
}

async function begin(found: FoundRun, world: World): Promise<Shown> {
  const past = stateAfter((await readRunLog(found.connection.host, found.run)).events);
  const { run, jobId } = await withJob(found.run, past, found.connection, world);
  return { run, connection: found.connection, jobId, state: NEW_RUN, loads: new LoadLines() };
}

async function* events(
  one: Shown,
  every: number | undefined,
  { now }: World,
  page: GaugePage,
  signal: AbortSignal,
): AsyncGenerator<{ readonly one: Shown; readonly event: ObservedEvent }> {
  const { connection, run, jobId } = one;
  const { host } = connection;
  const own = watchRun(connection, { dir: run.dir, jobId }, signal);
  const service = { host, run, now, every: every === undefined ? undefined : every * 1000 };
  const outline = await readOutline(host, run);
  for await (const event of page.follow(run.id, outline, withService(own, service, signal)))
    yield { one, event };
}
