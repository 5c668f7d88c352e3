import { count } from '../../../config/text/plural.ts';
import { DynSlurmError } from '../../../errors.ts';
import { elapsed } from '../../../format.ts';
import type { Plan } from '../../../plan/plan.ts';
import { readRunState } from '../../../run/event-log.ts';
import { listRuns } from '../../../run/folder.ts';
import { allocated, hostnames } from '../../../scheduler/allocation.ts';
import { asJobId, type JobId, jobNumber } from '../../../scheduler/job-id.ts';
import type { World } from '../../world.ts';
import { type Connection, LOCAL } from '../cluster/connect.ts';

/** An allocation that was there before. */
export interface Borrowed {
  readonly jobId: JobId;
  /** Hosts that meet the plan's needs, as many as it needs. */
  readonly hosts: readonly string[];
  /** Seconds until its time limit; undefined where it has none. */
  readonly left?: number;
  /** A session that has ended had taken it: it is for the next one to give back. */
  readonly owned: boolean;
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
    throw new DynSlurmError(
      'usage',
      '--adopt: this shell is not in an allocation, because SLURM_JOB_ID is not set',
      {
        hint: 'name the job: --adopt JOB',
      },
    );
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
      hint: '--no-adopt requests a new allocation',
    });
  const status = (await scheduler.status([jobId], world.signal)).get(jobId);
  if (status?.phase !== 'running') throw refusal(`it is ${status?.printed || 'unknown to Slurm'}`);
  const { rival, owned } = await sessionsIn(jobId, connection);
  if (rival !== undefined)
    throw refusal(`session ${rival} runs in it; \`dyn-slurm release ${rival}\` ends it`);
  const [all, { left, groups }] = await Promise.all([
    hostnames(host, status.nodeList, world.signal),
    allocated(host, jobId, world.signal),
  ]);
  const wanted = plan.nodes.length;
  if (all.length < wanted) {
    throw refusal(`the config needs ${count(wanted, 'node')}, but it has ${all.length}: ${status.nodeList}`);
  }
  // A site that is not asked for GPUs does not count them either.
  const gpus = plan.cluster.gpu_directive === 'none' ? 0 : plan.gpus.perNode;
  const lacking = groups.filter((group) => group.gpus < gpus);
  const unfit = await Promise.all(lacking.map(({ nodes }) => hostnames(host, nodes, world.signal)));
  const hosts = all.filter((name) => !unfit.flat().includes(name));
  if (hosts.length < wanted) {
    const has = lacking
      .map((group) => `${group.nodes} ${/[[,]/.test(group.nodes) ? 'have' : 'has'} ${group.gpus}`)
      .join(', ');
    throw refusal(`the config needs ${count(gpus, 'GPU')} on each of ${count(wanted, 'node')}, and ${has}`);
  }
  // So long before its limit a session drains.
  const last = plan.readiness.drain + 30;
  if (left !== undefined && left <= last + 30) {
    throw refusal(`it ends in ${elapsed(left * 1000)}, and a session drains ${elapsed(last * 1000)} before`);
  }
  return { jobId, owned, hosts: hosts.slice(0, wanted), ...(left !== undefined && { left }) };
}

/** Two at once in one allocation would want the same ports. */
async function sessionsIn(
  jobId: JobId,
  { host, runsDir }: Connection,
): Promise<{ readonly rival?: string; readonly owned: boolean }> {
  let owned = false;
  for (const run of await listRuns(host, runsDir)) {
    if (run.job?.jobId !== jobId || !run.job.session) continue;
    owned ||= run.job.session.allocation === 'owned';
    if ((await readRunState(host, run)).verdict === undefined) return { rival: run.id, owned };
  }
  return { owned };
}
