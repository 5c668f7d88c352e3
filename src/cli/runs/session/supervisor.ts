import { join } from 'node:path/posix';
import { DynSlurmError, withFallback } from '../../../errors.ts';
import { pause } from '../../../host/pause.ts';
import { plainText } from '../../../host/plain-text.ts';
import { runningSteps, startDetached } from '../../../scheduler/allocation.ts';
import { jobNumber } from '../../../scheduler/job-id.ts';
import { SUPERVISOR, superviseCommand } from '../../../scheduler/step-argv.ts';
import type { World } from '../../world.ts';
import { LOCAL } from '../cluster/connect.ts';
import { isSession, type Session, type Steered } from './lookup.ts';

/** What srun itself says of the supervisor's step; the supervisor writes to job.log. */
const SRUN_LOG = 'session.log';

/** Starts a session's supervisor as a step that outlives this process. One that runs already makes it end at once. */
export async function startSupervisor(session: Session, signal: AbortSignal): Promise<void> {
  const { run, job, connection } = session;
  const { hosts, allocation } = job.session;
  const [head = ''] = hosts;
  const argv = superviseCommand({
    job: job.jobId,
    host: head,
    dir: run.dir,
    hosts,
    owned: allocation === 'owned',
  });
  await startDetached(connection.host, argv, join(run.dir, SRUN_LOG), signal);
}

/** Whether the supervisor's step is there. @throws DynSlurmError `connection` */
export async function supervisorRuns({ job, connection }: Session, signal: AbortSignal): Promise<boolean> {
  const steps = await runningSteps(connection.host, job.jobId, signal);
  return steps.some(({ name }) => name === SUPERVISOR);
}

/** @throws DynSlurmError `cancelled` where the allocation has ended. */
export async function requireAllocation(steered: Steered, signal: AbortSignal): Promise<void> {
  const { run, job, connection } = steered;
  const status = (await connection.scheduler.status([job.jobId], signal)).get(job.jobId);
  if (status?.phase !== 'ended' && status?.phase !== 'gone') return;
  const how = status.phase === 'gone' ? 'has ended' : `has ended: ${status.printed}`;
  if (!isSession(steered))
    throw new DynSlurmError('cancelled', `job ${jobNumber(job.jobId)} of ${run.id} ${how}`);
  throw new DynSlurmError('cancelled', `the allocation of ${run.id}, job ${jobNumber(job.jobId)}, ${how}`, {
    hint: `\`dyn-slurm allocate ${join(run.dir, 'config.yaml')}\` requests a new one`,
  });
}

/** What srun said last when it could not start, or keep, the supervisor's step. */
export async function supervisorTrouble({ run, connection }: Session): Promise<string | undefined> {
  const text = (await connection.host.readText(join(run.dir, SRUN_LOG))) ?? '';
  return text
    .split('\n')
    .filter((line) => /^srun: (error|fatal)/.test(line))
    .map(plainText)
    .at(-1);
}

/** Milliseconds in which a step of a supervisor that is gone leaves the queue. */
const LEAVING = 30_000;

/**
 * Sees that a session has its supervisor: where it is gone, another one takes over what runs. True where it did.
 * @throws DynSlurmError `cancelled` where the allocation has ended.
 */
export async function keepSupervised(session: Session, world: World): Promise<boolean> {
  if (await supervisorRuns(session, world.signal)) return false;
  await requireAllocation(session, world.signal);
  await startSupervisor(session, world.signal);
  for (let waited = 0; waited < LEAVING && !world.signal.aborted; waited += 500) {
    if (await supervisorRuns(session, world.signal)) return true;
    await pause(500, world.signal);
  }
  const why = await supervisorTrouble(session);
  throw new DynSlurmError(
    'connection',
    `the supervisor of ${session.run.id} does not start${why === undefined ? '' : `: ${why}`}`,
    { hint: `see session.log and job.log in ${session.run.dir}` },
  );
}

/** What to know of the allocation of a session that has ended; empty where it is gone, or nobody can tell. */
export async function stillAllocated({ run, job, connection }: Session, world: World): Promise<string> {
  const known = await withFallback(connection.scheduler.status([job.jobId], world.signal), undefined);
  if (known?.get(job.jobId)?.phase !== 'running') return '';
  const number = jobNumber(job.jobId);
  if (job.session.allocation === 'borrowed')
    return `job ${number}, which existed before the session, continues\n`;
  const scancel = connection.cluster === LOCAL ? '' : `, or scancel ${number}`;
  return [
    `\njob ${number} is still allocated`,
    `  try again      dyn-slurm allocate CONFIG --adopt ${number}`,
    `  give it back   dyn-slurm release ${run.id}${scancel}`,
    '',
  ].join('\n');
}
