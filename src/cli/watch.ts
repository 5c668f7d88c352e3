import { DynSlurmError, EXIT } from '../errors.ts';
import { readOutline } from '../observe/outline.ts';
import type { Run } from '../observe/run.ts';
import { readRunLog } from '../observe/run-log.ts';
import { stateAfter } from '../observe/run-state.ts';
import { watchRun } from '../observe/watch.ts';
import { type JobId, jobNumber } from '../scheduler/job-id.ts';
import { type Connection, LOCAL } from './connect.ts';
import { exitOfRun } from './run-exit.ts';
import { type LookupOptions, lookUpRun } from './run-lookup.ts';
import { jobIdOf } from './run-report.ts';
import { isBad, verdictText } from './verdict-text.ts';
import { screenOf, showEvents } from './view.ts';
import type { World } from './world.ts';

export interface WatchOptions extends LookupOptions {
  readonly json?: boolean;
}

/** `dyn-slurm watch [RUN]`: shows the run until it ends. An interrupt leaves the job alone. */
export async function watch(query: string | undefined, options: WatchOptions, world: World): Promise<number> {
  const { run, connection } = await lookUpRun(query, options, world);
  return showRun(run, connection, options, world);
}

/** Shows a run until it ends, and says how; the exit code. `submit --watch` is this too. */
export async function showRun(
  run: Run,
  connection: Connection,
  { json = false }: Pick<WatchOptions, 'json'>,
  world: World,
): Promise<number> {
  const { host, scheduler } = connection;
  const past = stateAfter((await readRunLog(host, run)).events);
  const jobId = jobIdOf(run.job, past) ?? (await scheduler.find(run.id, world.signal));
  if (jobId === undefined) throw neverSubmitted(run);
  const screen = screenOf(world, json);
  const state = await showEvents(
    watchRun(connection, { dir: run.dir, jobId }, world.signal),
    { outline: await readOutline(host, run), submitted: run.job?.submitted },
    screen,
  );
  if (state.verdict === undefined) {
    world.err.write(detachedText(run, jobId, connection));
    return EXIT.interrupted;
  }
  // Plain lines have said it already, unless there is more to say.
  if (screen.renderer === 'steps' || (!json && isBad(state.verdict)))
    world.err.write(verdictText(state.verdict, run));
  return exitOfRun(state);
}

export function neverSubmitted(run: Run): DynSlurmError {
  return new DynSlurmError(
    'usage',
    `run ${run.id} has no job: sbatch never answered, and the queue knows no job of it`,
    {
      hint: `submit it again; ${run.dir} can be deleted`,
    },
  );
}

/** What a person must know who stops watching. */
function detachedText(run: Run, jobId: JobId, { cluster }: Connection): string {
  const scancel = cluster === LOCAL ? '' : `, or scancel ${jobNumber(jobId)}`;
  return [
    `\nnot watching any more; job ${jobNumber(jobId)} goes on`,
    `  watch again:  dyn-slurm watch ${run.id}`,
    `  end the job:  dyn-slurm cancel ${run.id}${scancel}`,
    '',
  ].join('\n');
}
