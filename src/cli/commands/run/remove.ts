import { count } from '../../../config/text/plural.ts';
import { DynSlurmError, EXIT } from '../../../errors.ts';
import { past } from '../../../format.ts';
import { type LookupOptions, lookUpEach, lookUpRuns } from '../../runs/lookup.ts';
import { hasEnded } from '../../runs/newest.ts';
import { type RunReport, reportRuns } from '../../runs/report.ts';
import { jsonText } from '../../sink.ts';
import type { World } from '../../world.ts';
import type { RunOptions } from '../options.ts';

export interface RemoveOptions extends RunOptions {
  /** Seconds: all that were submitted longer ago, and have ended. */
  readonly olderThan?: number;
  /** Ask nobody. */
  readonly yes?: boolean;
}

/** `dyn-slurm remove [RUN...]`: deletes the folders of runs that have ended. @throws DynSlurmError `usage` for one that has not */
export async function remove(
  queries: readonly string[],
  options: RemoveOptions,
  world: World,
): Promise<number> {
  const { olderThan } = options;
  if ((queries.length === 0) === (olderThan === undefined)) {
    throw new DynSlurmError('usage', 'name the runs to remove, or give --older-than', {
      hint: '`dyn-slurm status --all` lists them; `dyn-slurm remove --older-than 30d` removes all that ended',
    });
  }
  const ended =
    olderThan === undefined ? await named(queries, options, world) : await old(olderThan, options, world);
  if (ended.length === 0) {
    if (options.json) world.out.write('[]\n');
    else world.err.write('no ended run is older than that\n');
    return EXIT.ok;
  }
  if (!options.json) world.err.write(ended.map((report) => listed(report, world)).join(''));
  if (!options.yes && !(await agreed(ended.length, world))) {
    world.err.write('nothing was removed\n');
    return EXIT.ok;
  }
  for (const { run, connection } of ended) await connection.host.remove(run.dir);
  const removed = ended.map(({ run, connection }) => ({
    run: run.id,
    cluster: connection.cluster,
    folder: run.dir,
  }));
  world.out.write(options.json ? jsonText(removed) : `removed ${count(removed.length, 'run')}\n`);
  return EXIT.ok;
}

async function named(
  queries: readonly string[],
  options: LookupOptions,
  world: World,
): Promise<readonly RunReport[]> {
  const reports = await reportRuns(await lookUpEach(queries, options, world), world);
  for (const report of reports) {
    const { run, connection, unreachable } = report;
    const names = await connection.host.list(run.dir);
    if (!names.includes('job.sbatch'))
      throw new DynSlurmError('usage', `${run.dir} is not a run folder: it has no job.sbatch`);
    if (isOver(report)) continue;
    throw new DynSlurmError(
      unreachable ? 'connection' : 'usage',
      unreachable
        ? `cannot determine whether ${run.id} has ended: Slurm does not answer`
        : `${run.id} has not ended; nothing was removed`,
      { hint: unreachable ? 'try again when Slurm answers' : `end it with \`dyn-slurm cancel ${run.id}\`` },
    );
  }
  return reports;
}

/** Oldest last. Those of which nobody knows whether they have ended stay. */
async function old(seconds: number, options: LookupOptions, world: World): Promise<readonly RunReport[]> {
  const before = world.now().getTime() - seconds * 1000;
  // A submit that has just begun has no job yet, and no time either.
  const found = (await lookUpRuns(options, world)).filter(
    ({ run }) => Date.parse(run.job?.submitted ?? '') < before,
  );
  return (await reportRuns(found, world)).filter(isOver);
}

/** Slurm forgets jobs; one that it does not know any more, and that left no verdict, has ended all the same. */
function isOver(report: RunReport): boolean {
  return !report.unreachable && hasEnded(report);
}

function listed({ run, connection }: RunReport, world: World): string {
  const when = run.job ? `, submitted ${past(new Date(run.job.submitted), world.now())}` : '';
  return `  ${run.id} on ${connection.cluster}${when}\n`;
}

/** @throws DynSlurmError `usage` where there is nobody to ask */
async function agreed(runs: number, { ask }: World): Promise<boolean> {
  if (ask === undefined)
    throw new DynSlurmError(
      'usage',
      `removing ${count(runs, 'run')} requires --yes, because there is no terminal to ask for confirmation`,
    );
  const answer = await ask(
    `remove the ${runs === 1 ? 'folder of this run' : `folders of these ${runs} runs`}? [y/N] `,
    { echo: true },
  );
  return /^y(es)?$/i.test(answer.trim());
}
