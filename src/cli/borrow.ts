import { DynSlurmError } from '../errors.ts';
import { listRuns } from '../observe/run.ts';
import { readRunLog } from '../observe/run-log.ts';
import { stateAfter } from '../observe/run-state.ts';
import type { Plan } from '../plan/plan.ts';
import { hostnames } from '../scheduler/allocation.ts';
import { asJobId, type JobId, jobNumber } from '../scheduler/job-id.ts';
import { type Connection, LOCAL } from './connect.ts';
import { count } from './wording.ts';
import type { World } from './world.ts';

/** An allocation that was there before. */
export interface Borrowed {
  readonly jobId: JobId;
  /** As many as the plan needs. */
  readonly hosts: readonly string[];
}

/**
 * The job whose allocation is to be used: the one that is named, or that this shell is in. Neither the stand-in nor a
 * host at a distance knows of that. @throws DynSlurmError `usage`
 */
export function jobToAdopt(
  { adopt }: { readonly adopt?: string | boolean },
  { cluster, host }: Connection,
  { env }: World,
): JobId | undefined {
  if (adopt === false) return undefined;
  const here = cluster === LOCAL || host.dial ? undefined : env.SLURM_JOB_ID || undefined;
  const named = typeof adopt === 'string' ? adopt : here;
  if (named === undefined) {
    if (adopt !== true) return undefined;
    throw new DynSlurmError('usage', '--adopt: this shell is in no allocation, for SLURM_JOB_ID is not set', {
      hint: 'name the job: --adopt JOB',
    });
  }
  const job = asJobId(named);
  if (job === undefined) throw new DynSlurmError('usage', `--adopt ${named}: write the number of a job`);
  return job;
}

/** @throws DynSlurmError `preflight` where the allocation does not fit the plan, or another session has it. */
export async function borrowed(
  jobId: JobId,
  plan: Plan,
  connection: Connection,
  world: World,
): Promise<Borrowed> {
  const { scheduler, host } = connection;
  const number = jobNumber(jobId);
  const refusal = (what: string): DynSlurmError =>
    new DynSlurmError('preflight', `the allocation of job ${number} cannot be used: ${what}`, {
      hint: 'with --no-adopt a new allocation is taken',
    });
  const status = (await scheduler.status([jobId], world.signal)).get(jobId);
  if (status?.phase !== 'running') throw refusal(`it is ${status?.printed || 'unknown to Slurm'}`);
  const hosts = await hostnames(host, status.nodeList, world.signal);
  const wanted = plan.nodes.length;
  if (hosts.length < wanted) {
    throw refusal(`the config needs ${count(wanted, 'node')}, it has ${hosts.length}: ${status.nodeList}`);
  }
  const rival = await sessionIn(jobId, connection);
  if (rival !== undefined)
    throw refusal(`session ${rival} runs in it; \`dyn-slurm release ${rival}\` ends that`);
  return { jobId, hosts: hosts.slice(0, wanted) };
}

/** Two sessions in one allocation would want the same ports. */
async function sessionIn(jobId: JobId, { host, runsDir }: Connection): Promise<string | undefined> {
  for (const run of await listRuns(host, runsDir)) {
    if (run.job?.jobId !== jobId || !run.job.session) continue;
    if (stateAfter((await readRunLog(host, run)).events).verdict === undefined) return run.id;
  }
  return undefined;
}
