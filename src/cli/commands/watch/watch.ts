import { EXIT } from '../../../errors.ts';
import { isBad, knownCause } from '../../../observe/known-cause.ts';
import type { Run } from '../../../run/folder.ts';
import { accessRows, accessText } from '../../runs/access.ts';
import { whoCancelled } from '../../runs/cancelled-by.ts';
import type { Connection } from '../../runs/cluster/connect.ts';
import { exitOfRun } from '../../runs/exit.ts';
import { type LookupOptions, lookUpEach } from '../../runs/lookup.ts';
import { noteBadNodes } from '../../runs/nodes/ledger.ts';
import { benchedEnd } from '../../views/bench-text.ts';
import { NO_PAGE, openGaugePage, type PagePlace } from '../../views/live/gauges.ts';
import { showLive } from '../../views/live/show-live.ts';
import { screenOf } from '../../views/screen.ts';
import { verdictText } from '../../views/verdict-text.ts';
import type { World } from '../../world.ts';
import { detachedText } from './detached.ts';
import { limitPending } from './pending-limit.ts';
import { runEvents, type ShowOptions, watchedRun } from './run-events.ts';

export interface WatchOptions extends LookupOptions, ShowOptions {
  /** Where to serve what is seen, for Prometheus. */
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
    const [only] = found;
    if (only && found.length === 1)
      return (await showRun(only.run, only.connection, options, world, page)).code;
    const { showRuns } = await import('./several.ts');
    return await showRuns(found, options, world, page);
  } finally {
    page.close();
  }
}

interface Shown {
  readonly code: number;
  /** For Slurm, it ended well. */
  readonly ended?: boolean;
  /** It was still to end when the watching ended. */
  readonly left?: true;
}

/** Shows a run until it ends, and says how. */
async function showRun(
  given: Run,
  connection: Connection,
  { json = false, pendingLimit, every }: ShowOptions,
  world: World,
  page = NO_PAGE,
): Promise<Shown> {
  const { host } = connection;
  const watched = await watchedRun({ run: given, connection }, world);
  const { run, jobId, outline } = watched;
  const screen = screenOf(world, json);
  const pending = limitPending([run.id], pendingLimit, world.signal);
  const state = await showLive(
    run.id,
    runEvents(watched, world, { page, pending, every }),
    {
      outline,
      submitted: run.job?.submitted,
      access: (ready) => accessText(accessRows(ready, run, connection, world)),
    },
    screen,
  );
  pending.end();
  const found = state.verdict && (await knownCause(state.verdict, run, host));
  await noteBadNodes({ run, connection }, state, world, found);
  if (state.verdict === undefined) {
    const late = pending.text();
    world.err.write((late ?? '') + detachedText([{ run, jobId, connection }]));
    return { code: late === undefined ? EXIT.interrupted : EXIT.deadline, left: true };
  }
  // Plain lines have said it already, unless there is more to say.
  if (screen.renderer === 'steps' || (!json && isBad(state.verdict)))
    world.err.write(verdictText(state.verdict, run, found));
  if (!json) world.err.write(await whoCancelled(state.verdict, jobId, connection, world));
  const { code, text } = await benchedEnd(host, run, state, world.page);
  if (!json && text !== '') world.out.write(`\n${text}`);
  return { code, ended: exitOfRun(state) === EXIT.ok };
}

/** `submit --watch`: shows a run, and where it fails its retries, one after the other; the last one's exit code. */
export async function showChain(
  runs: readonly Run[],
  connection: Connection,
  options: ShowOptions,
  world: World,
): Promise<number> {
  let code: number = EXIT.ok;
  for (const [index, run] of runs.entries()) {
    if (index > 0 && !options.json) world.err.write(`\nwatching its retry next: ${run.id}\n`);
    const shown = await showRun(run, connection, options, world);
    code = shown.code;
    // A job that did what it was for has no use for its retries, even where its benchmark does not count.
    if (code === EXIT.ok || shown.ended || shown.left || world.signal.aborted) break;
  }
  return code;
}
