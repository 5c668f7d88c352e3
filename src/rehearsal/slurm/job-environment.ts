import type { Environment } from './call.ts';
import { compressHostlist } from './hostlist.ts';
import type { JobRecord, StepRecord } from './job-record.ts';
import { JOB_MARK, STEP_MARK } from './process-table.ts';
import { jobMark, type Site } from './site.ts';
import type { TaskPlace } from './step-layout.ts';

/** Of the batch script, on the job's first node. */
export function batchEnvironment(base: Environment, job: JobRecord, site: Site): Environment {
  return {
    ...base,
    ...jobEnvironment(job),
    ...(job.exported !== undefined && { SLURM_EXPORT_ENV: job.exported }),
    ...(job.exported === 'NONE' && { SLURM_GET_USER_ENV: '1' }),
    ENVIRONMENT: 'BATCH',
    HOSTNAME: job.hosts[0],
    SLURM_NODEID: '0',
    SLURM_PROCID: '0',
    SLURM_LOCALID: '0',
    SLURM_GTIDS: '0',
    ...nodeEnvironment(job, 0, 'batch', site),
  };
}

/** What salloc's command gets; it runs where salloc does. */
export function jobEnvironment(job: JobRecord): Environment {
  const nodes = compressHostlist(job.hosts);
  const perNode = job.tasksPerNode ?? (job.tasks === undefined ? 1 : Math.ceil(job.tasks / job.nodes));
  const tasks = job.tasks ?? (job.tasksPerNode === undefined ? undefined : job.tasksPerNode * job.nodes);
  return {
    SLURM_JOB_ID: String(job.id),
    SLURM_JOBID: String(job.id),
    SLURM_JOB_NAME: job.name,
    SLURM_JOB_USER: job.user,
    SLURM_JOB_UID: String(job.uid),
    SLURM_JOB_GID: String(job.gid),
    SLURM_JOB_PARTITION: job.partition,
    SLURM_JOB_NODELIST: nodes,
    SLURM_NODELIST: nodes,
    SLURM_JOB_NUM_NODES: String(job.nodes),
    SLURM_NNODES: String(job.nodes),
    SLURM_JOB_CPUS_PER_NODE: repeated(job.cpusPerNode, job.nodes),
    SLURM_CPUS_ON_NODE: String(job.cpusPerNode),
    SLURM_TASKS_PER_NODE: repeated(perNode, job.nodes),
    SLURM_SUBMIT_DIR: job.submitDir,
    SLURM_SUBMIT_HOST: job.submitHost,
    SLURM_CLUSTER_NAME: 'rehearsal',
    SLURM_NODE_ALIASES: '(null)',
    ...(tasks !== undefined && { SLURM_NTASKS: String(tasks), SLURM_NPROCS: String(tasks) }),
    ...(job.tasksPerNode !== undefined && { SLURM_NTASKS_PER_NODE: String(job.tasksPerNode) }),
    ...(job.account !== undefined && { SLURM_JOB_ACCOUNT: job.account }),
    ...(job.qos !== undefined && { SLURM_JOB_QOS: job.qos }),
    ...(job.reservation !== undefined && { SLURM_JOB_RESERVATION: job.reservation }),
  };
}

/** `base` is srun's environment, or of it what --export left. */
export function taskEnvironment(
  base: Environment,
  job: JobRecord,
  step: StepRecord,
  places: readonly TaskPlace[],
  place: TaskPlace,
  site: Site,
): Environment {
  const counts = step.nodes.map((_, node) => places.filter((other) => other.node === node).length);
  const perNode = grouped(counts);
  const nodes = String(step.nodes.length);
  const tasks = String(step.tasks);
  return {
    // Inherited, this names the batch script's node in every task, as with Slurm.
    HOSTNAME: job.hosts[place.host],
    ...base,
    ...jobEnvironment(job),
    SLURM_JOB_NAME: base.SLURM_JOB_NAME ?? step.name,
    SLURM_STEP_ID: String(step.step),
    SLURM_STEPID: String(step.step),
    SLURM_STEP_NODELIST: compressHostlist(step.nodes.map((index) => job.hosts[index] ?? '')),
    SLURM_STEP_NUM_NODES: nodes,
    SLURM_STEP_NUM_TASKS: tasks,
    SLURM_STEP_TASKS_PER_NODE: perNode,
    SLURM_TASKS_PER_NODE: perNode,
    SLURM_NNODES: nodes,
    SLURM_NTASKS: tasks,
    SLURM_NPROCS: tasks,
    SLURM_NODEID: String(place.node),
    SLURM_PROCID: String(place.task),
    SLURM_LOCALID: String(place.local),
    SLURM_GTIDS: places
      .filter((other) => other.node === place.node)
      .map(({ task }) => task)
      .join(','),
    SLURM_LAUNCH_NODE_IPADDR: job.addresses[0],
    ...(base.PATH !== undefined && { PATH: nodePath(base.PATH, site) }),
    ...nodeEnvironment(job, place.host, String(step.step), site),
  };
}

function nodePath(path: string, site: Site): string {
  return path.startsWith(`${site.nodeBin}:`) ? path : `${site.nodeBin}:${path}`;
}

function nodeEnvironment(job: JobRecord, host: number, step: string, site: Site): Environment {
  const gpus = Array.from({ length: job.gpusPerNode }, (_, gpu) => gpu).join(',');
  return {
    ...site.handed,
    [JOB_MARK]: jobMark(site.dir, job.id),
    [STEP_MARK]: step,
    // For node.sh, which then looks for neither model nor image.
    DYN_SLURM_REHEARSAL: '1',
    DYN_SLURM_NODE_ADDR: job.addresses[host],
    SLURMD_NODENAME: job.hosts[host],
    ...(job.gpusPerNode > 0 && { SLURM_GPUS_ON_NODE: String(job.gpusPerNode), CUDA_VISIBLE_DEVICES: gpus }),
  };
}

/** Slurm's `2(x4),1`. */
function grouped(counts: readonly number[]): string {
  const groups: [number, number][] = [];
  for (const count of counts) {
    const last = groups.at(-1);
    if (last?.[0] === count) last[1] += 1;
    else groups.push([count, 1]);
  }
  return groups.map(([count, times]) => repeated(count, times)).join(',');
}

function repeated(count: number, times: number): string {
  return times > 1 ? `${count}(x${times})` : String(count);
}
