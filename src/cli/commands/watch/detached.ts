import type { Run } from '../../../run/folder.ts';
import { type JobId, jobNumber } from '../../../scheduler/job-id.ts';
import { type Connection, LOCAL } from '../../runs/cluster/connect.ts';

interface Left {
  readonly run: Run;
  readonly jobId: JobId;
  readonly connection: Connection;
}

/** What a person must know who stops watching. */
export function detachedText(left: readonly Left[]): string {
  const numbers = left.map(({ jobId }) => jobNumber(jobId));
  const ids = left.map(({ run }) => run.id);
  const many = left.length > 1;
  const scancel = left.some(({ connection }) => connection.cluster === LOCAL)
    ? ''
    : `, or scancel ${numbers.join(' ')}`;
  return [
    `\nstopped watching; ${many ? 'jobs' : 'job'} ${numbers.join(', ')} ${many ? 'keep' : 'keeps'} running`,
    `  watch again:  dyn-slurm watch ${ids.join(' ')}`,
    `  end the ${many ? 'jobs' : 'job'}:  dyn-slurm cancel ${many ? 'RUN' : ids[0]}${scancel}`,
    '',
  ].join('\n');
}
