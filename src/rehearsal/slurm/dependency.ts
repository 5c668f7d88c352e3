import { isOver, type JobRecord } from './job-record.ts';

/** The state of a job's dependencies. `find` gives a job that squeue still knows; others count as met. */
export function dependencyState(
  dependency: string | undefined,
  find: (id: number) => JobRecord | undefined,
): 'met' | 'waiting' | 'never' {
  const states = (dependency ?? '').split(',').flatMap((term) => {
    const [kind = '', ...ids] = term.split(':');
    return ids.map((id) => termState(kind, find(Number(id))));
  });
  return states.find((state) => state === 'never') ?? states.find((state) => state === 'waiting') ?? 'met';
}

function termState(kind: string, job: JobRecord | undefined): 'met' | 'waiting' | 'never' {
  if (!job || (kind === 'after' && job.started !== undefined)) return 'met';
  if (!isOver(job)) return 'waiting';
  return kind === 'after' || kind === 'afterany' || (job.state === 'COMPLETED') === (kind === 'afterok')
    ? 'met'
    : 'never';
}
