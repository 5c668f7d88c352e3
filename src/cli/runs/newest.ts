import { DynSlurmError } from '../../errors.ts';
import { readRunState } from '../../run/event-log.ts';
import { isServing, NEW_RUN } from '../../run/state.ts';
import type { World } from '../world.ts';
import type { FoundRun } from './cluster/connect.ts';
import { type RunReport, reportRuns } from './report.ts';

/**
 * Which run is meant where none is named. A run is live until it has ended. `serving`: the newest that is ready, else
 * the newest live one. `shown`: the newest live one, else the newest that has ended, and the person is told. `measured`: as
 * `serving`, else as `shown`.
 */
export type Meant = 'serving' | 'shown' | 'measured';

/** Runs that are looked at together, and at most; whoever has more recent runs that have ended names one. */
const TOGETHER = 8;
const MOST = 48;

/** `runs`: newest first. Undefined where there are none. @throws DynSlurmError `usage` where all have ended, and one must not */
export async function newestMeant(
  runs: readonly FoundRun[],
  meant: Meant,
  world: World,
): Promise<FoundRun | undefined> {
  const [newest] = runs;
  if (newest === undefined) return undefined;
  const live = await newestLive(runs, meant !== 'shown', world);
  if (live) return live;
  if (meant !== 'serving') {
    world.err.write(`there is no live run: this is ${newest.run.id}, the newest that has ended\n`);
    return newest;
  }
  throw new DynSlurmError('usage', 'there is no live run', {
    hint: `the newest, ${newest.run.id}, has ended; see \`dyn-slurm status\``,
  });
}

/** The newest run that has not ended; with `preferReady` the newest that is ready, where there is one. */
export async function newestLive(
  runs: readonly FoundRun[],
  preferReady: boolean,
  world: World,
): Promise<FoundRun | undefined> {
  let first: FoundRun | undefined;
  for (let from = 0; from < Math.min(runs.length, MOST); from += TOGETHER) {
    for (const { run, connection, state } of await liveOf(runs.slice(from, from + TOGETHER), world)) {
      first ??= { run, connection };
      if (!preferReady || isServing(state)) return { run, connection };
    }
  }
  return first;
}

/** Those of a few runs that go on: their own word comes first, and then Slurm's. */
async function liveOf(runs: readonly FoundRun[], world: World): Promise<readonly RunReport[]> {
  const ended = await Promise.all(
    runs.map(async ({ run, connection }) => (await readRunState(connection.host, run)).verdict),
  );
  const open = runs.filter((_, index) => ended[index] === undefined);
  if (open.length === 0) return [];
  // There is no choice, and what Slurm says shows soon enough.
  if (runs.length === 1)
    return open.map((one) => ({ ...one, jobId: one.run.job?.jobId, state: NEW_RUN, unreachable: true }));
  return (await reportRuns(open, world)).filter((report) => !hasEnded(report));
}

/** A run that Slurm does not know, and that never ran, was cut off before it became a job. */
export function hasEnded({ state, jobId, unreachable }: RunReport): boolean {
  return state.verdict !== undefined || (jobId === undefined && !unreachable);
}
