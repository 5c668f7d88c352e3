import { dirname, join } from 'node:path/posix';
import { readRunState } from '../../run/event-log.ts';
import { listRuns, type Run } from '../../run/folder.ts';
import type { JobId } from '../../scheduler/job-id.ts';
import type { Connection } from './cluster/connect.ts';
import { exitOfRun } from './exit.ts';

/** The runs that would start if this one fails, the last one first; those that have ended are not among them. */
export async function retriesAfter(
  run: Run,
  { host }: Connection,
): Promise<readonly { readonly id: string; readonly jobId: JobId }[]> {
  const first = run.job?.retryOf ?? run.id;
  const attempt = run.job?.attempt ?? 1;
  const runs = await listRuns(host, dirname(run.dir));
  const later = runs.filter(({ job }) => job?.retryOf === first && (job.attempt ?? 0) > attempt);
  later.sort((a, b) => (b.job?.attempt ?? 0) - (a.job?.attempt ?? 0));
  const waiting = [];
  for (const { id, dir, job } of later) {
    const { verdict } = await readRunState(host, { dir });
    if (job && !verdict) waiting.push({ id, jobId: job.jobId });
  }
  return waiting;
}

/** The run of a chain that went well, so that this one, which waited for its failure, was not needed. */
export async function succeededBefore(run: Run, { host }: Connection): Promise<string | undefined> {
  const { retryOf: first, attempt = 0 } = run.job ?? {};
  if (first === undefined) return undefined;
  const root = dirname(run.dir);
  const others = (await listRuns(host, root)).filter(
    ({ id, job }) => id === first || (job?.retryOf === first && (job.attempt ?? 0) < attempt),
  );
  for (const { id } of others) {
    const state = await readRunState(host, { dir: join(root, id) });
    if (state.verdict && exitOfRun(state) === 0) return id;
  }
  return undefined;
}
