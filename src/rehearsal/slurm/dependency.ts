import { isFinished, type JobRecord } from './job-record.ts';

/** How the job's dependencies stand. `find` gives a job that Slurm still knows; one that it forgot holds nobody up. */
export function dependencyState(
  dependency: string | undefined,
  find: (id: number) => JobRecord | undefined,
): 'met' | 'waiting' | 'never' {
  const states = (dependency ?? '')
    .split(',')
    .filter((part) => part !== '')
    .flatMap((part) => {
      const [kind = '', ...ids] = part.split(':');
      return ids.map((id) => oneState(kind, find(Number(id))));
    });
  if (states.includes('never')) return 'never';
  return states.includes('waiting') ? 'waiting' : 'met';
}

function oneState(kind: string, job: JobRecord | undefined): 'met' | 'waiting' | 'never' {
  if (!job) return 'met';
  if (kind === 'after') return job.started === undefined && !isFinished(job) ? 'waiting' : 'met';
  if (!isFinished(job) || job.completing) return 'waiting';
  const ok = job.state === 'COMPLETED';
  return kind === 'afterany' || ok === (kind === 'afterok') ? 'met' : 'never';
}
