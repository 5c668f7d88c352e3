import { DynSlurmError } from '../../../errors.ts';
import { readRunState } from '../../../run/event-log.ts';
import { asJobId, type JobId } from '../../../scheduler/job-id.ts';
import type { Dependency } from '../../../scheduler/scheduler.ts';
import type { World } from '../../world.ts';
import { withJob } from '../adopt.ts';
import type { FoundRun, NamedProfile } from '../cluster/connect.ts';
import { exitOfRun } from '../exit.ts';
import { lookUpRuns, pick } from '../lookup.ts';

/** Runs or job numbers, as `--after` and `--after-ok` take them. */
export interface AfterOptions {
  readonly after?: readonly string[];
  readonly afterOk?: readonly string[];
}

/**
 * What a job has to wait for. A run that has ended needs no waiting; after one that failed, nothing may start that wants
 * its success. @throws DynSlurmError `usage`
 */
export async function dependencies(
  { after = [], afterOk = [] }: AfterOptions,
  { name }: NamedProfile,
  world: World,
): Promise<readonly Dependency[]> {
  if (after.length + afterOk.length === 0) return [];
  const runs = await lookUpRuns({ cluster: name }, world);
  const jobsOf = async (queries: readonly string[], mustSucceed: boolean) => {
    // A group stands for its runs.
    const each = queries.flatMap((query) => {
      const group = runs.filter(({ run }) => run.job?.group === query).map(({ run }) => run.id);
      return group.length > 0 ? group : [query];
    });
    const jobs = await Promise.all(each.map((query) => jobOf(query, mustSucceed, runs, world)));
    return jobs.filter((job) => job !== undefined);
  };
  const wanted: readonly Dependency[] = [
    { when: 'afterany', jobs: await jobsOf(after, false) },
    { when: 'afterok', jobs: await jobsOf(afterOk, true) },
  ];
  return wanted.filter(({ jobs }) => jobs.length > 0);
}

async function jobOf(
  query: string,
  mustSucceed: boolean,
  runs: readonly FoundRun[],
  world: World,
): Promise<JobId | undefined> {
  const found = await pick(runs, query, world);
  if (found === undefined) {
    const job = asJobId(query);
    if (job !== undefined) return job;
    throw new DynSlurmError('usage', `there is no run ${query} to wait for`, {
      hint: 'name a run (see `dyn-slurm status`) or a job number',
    });
  }
  const { run, connection } = found;
  const state = await readRunState(connection.host, run);
  if (!state.verdict) return (await withJob(run, state, connection, world)).jobId;
  if (!mustSucceed || exitOfRun(state) === 0) return undefined;
  throw new DynSlurmError(
    'usage',
    `run ${run.id} has already failed: ${state.verdict.reason}; a job that depends on its success would never start`,
  );
}
