import { EXIT } from '../errors.ts';
import { readOutline } from '../observe/outline.ts';
import type { Run } from '../observe/run.ts';
import { readRunLog } from '../observe/run-log.ts';
import { stateAfter } from '../observe/run-state.ts';
import { watchRun } from '../observe/watch.ts';
import { withJob } from './adopt.ts';
import { whoCancelled } from './cancelled-by.ts';
import type { Connection } from './connect.ts';
import { detachedText } from './detached.ts';
import { exitOfRun } from './run-exit.ts';
import { type LookupOptions, lookUpEach } from './run-lookup.ts';
import { isBad, verdictText } from './verdict-text.ts';
import { screenOf, showEvents } from './view.ts';
import type { World } from './world.ts';

export interface WatchOptions extends LookupOptions {
  readonly json?: boolean;
}

/** `dyn-slurm watch [RUN...]`: shows runs until they end. An interrupt leaves their jobs alone. */
export async function watch(
  queries: readonly string[],
  options: WatchOptions,
  world: World,
): Promise<number> {
  const found = await lookUpEach(queries, options, world);
  const [only] = found;
  if (only && found.length === 1) return showRun(only.run, only.connection, options, world);
  const { showRuns } = await import('./watch-several.ts');
  return showRuns(found, options, world);
}

/** Shows a run until it ends, and says how; the exit code. */
async function showRun(
  given: Run,
  connection: Connection,
  { json = false }: Pick<WatchOptions, 'json'>,
  world: World,
): Promise<number> {
  const { host } = connection;
  const past = stateAfter((await readRunLog(host, given)).events);
  const { run, jobId } = await withJob(given, past, connection, world);
  const screen = screenOf(world, json);
  const state = await showEvents(
    watchRun(connection, { dir: run.dir, jobId }, world.signal),
    { outline: await readOutline(host, run), submitted: run.job?.submitted },
    screen,
  );
  if (state.verdict === undefined) {
    world.err.write(detachedText([{ run, jobId, connection }]));
    return EXIT.interrupted;
  }
  // Plain lines have said it already, unless there is more to say.
  if (screen.renderer === 'steps' || (!json && isBad(state.verdict)))
    world.err.write(verdictText(state.verdict, run));
  if (!json) world.err.write(await whoCancelled(state.verdict, jobId, connection, world));
  return exitOfRun(state);
}

/** `submit --watch`: shows a run, and where it fails its retries, one after the other; the last one's exit code. */
export async function showChain(
  runs: readonly Run[],
  connection: Connection,
  options: Pick<WatchOptions, 'json'>,
  world: World,
): Promise<number> {
  let code: number = EXIT.ok;
  for (const [index, run] of runs.entries()) {
    if (index > 0 && !options.json) world.err.write(`\nits retry is next: ${run.id}\n`);
    code = await showRun(run, connection, options, world);
    if (code === EXIT.ok || code === EXIT.interrupted || world.signal.aborted) break;
  }
  return code;
}
