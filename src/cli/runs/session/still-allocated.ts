import { DynSlurmError } from '../../../errors.ts';
import { jobNumber } from '../../../scheduler/job-id.ts';
import type { World } from '../../world.ts';
import { LOCAL } from '../cluster/connect.ts';
import type { Session } from './lookup.ts';

/** What to know of the allocation of a session that has ended; empty where it is gone, or nobody can tell. */
export async function stillAllocated({ run, job, connection }: Session, world: World): Promise<string> {
  try {
    const status = (await connection.scheduler.status([job.jobId], world.signal)).get(job.jobId);
    if (status?.phase !== 'running') return '';
  } catch (error) {
    if (error instanceof DynSlurmError) return '';
    throw error;
  }
  const number = jobNumber(job.jobId);
  if (job.session.allocation === 'borrowed') return `job ${number}, which was there before, goes on\n`;
  const scancel = connection.cluster === LOCAL ? '' : `, or scancel ${number}`;
  return [
    `\njob ${number} is still allocated`,
    `  try again      dyn-slurm allocate CONFIG --adopt ${number}`,
    `  give it back   dyn-slurm release ${run.id}${scancel}`,
    '',
  ].join('\n');
}
