import { expandHostlist } from './hostlist.ts';
import type { JobRecord } from './job-record.ts';

/** What srun was asked for; absent is not given, neither as option nor by the job's environment. */
export interface StepWish {
  readonly nodes?: number;
  readonly tasks?: number;
  readonly tasksPerNode?: number;
  readonly nodelist?: string;
  readonly exclude?: string;
  /** Index of the first node. */
  readonly relative?: number;
  readonly cpusPerTask: number;
  readonly overcommit: boolean;
}

/** Where a task stands in its step. */
export interface TaskPlace {
  readonly task: number;
  /** Among the step's nodes. */
  readonly node: number;
  /** Among the tasks of its node. */
  readonly local: number;
  /** Index into the job's hosts. */
  readonly host: number;
}

export interface StepLayout {
  /** Indices into the job's hosts, ascending: Slurm keeps its own order, not that of --nodelist. */
  readonly nodes: readonly number[];
  readonly places: readonly TaskPlace[];
  /** Messages of srun that are no refusal. */
  readonly warnings: readonly string[];
}

export interface LayoutRefusal {
  readonly warnings: readonly string[];
  /** In srun's words. */
  readonly refusal: string;
}

/** Where srun puts a step's tasks, as measured on Slurm 22.05. */
export function layOutStep(
  wish: StepWish,
  job: Pick<JobRecord, 'id' | 'hosts' | 'cpusPerNode'>,
): StepLayout | LayoutRefusal {
  const warnings: string[] = [];
  const refuse = (refusal: string): LayoutRefusal => ({ warnings, refusal: `error: ${refusal}` });
  const unable = `Unable to create step for job ${job.id}:`;
  const named =
    wish.nodelist === undefined ? [] : expandHostlist(wish.nodelist).map((host) => job.hosts.indexOf(host));
  if (named.includes(-1)) return refuse(`${unable} Requested node configuration is not available`);

  let count = wish.nodes ?? (named.length || job.hosts.length);
  if (count > job.hosts.length) return refuse(`Only allocated ${job.hosts.length} nodes asked for ${count}`);
  const tasks = wish.tasks ?? count * (wish.tasksPerNode ?? 1);
  if (tasks < count) {
    warnings.push(`Warning: can't run ${tasks} processes on ${count} nodes, setting nnodes to ${tasks}`);
    count = tasks;
  }
  if (wish.tasksPerNode !== undefined && wish.tasksPerNode * count < tasks) {
    warnings.push(
      `Warning: can't honor --ntasks-per-node set to ${wish.tasksPerNode} which doesn't match the requested ` +
        `tasks ${tasks} with the number of requested nodes ${count}. Ignoring --ntasks-per-node.`,
    );
  }
  if (named.length > count) {
    warnings.push(
      `error: Required nodelist includes more nodes than permitted by max-node count (${named.length} > ${count}). ` +
        'Eliminating nodes from the nodelist.',
    );
  }
  const wanted = new Set(named.slice(0, count));
  const excluded = new Set(expandHostlist(wish.exclude ?? '').map((host) => job.hosts.indexOf(host)));
  const others = job.hosts
    .map((_, index) => index)
    .filter((index) => index >= (wish.relative ?? 0) && !wanted.has(index) && !excluded.has(index));
  const nodes = [...wanted, ...others.slice(0, count - wanted.size)].sort((a, b) => a - b);
  if (nodes.length < count) return refuse(`${unable} Requested node configuration is not available`);
  if (!wish.overcommit && Math.ceil(tasks / count) * wish.cpusPerTask > job.cpusPerNode) {
    return refuse(`${unable} More processors requested than permitted`);
  }
  return { nodes, places: placeTasks(nodes, tasks), warnings };
}

/** Evenly in blocks, the first nodes taking what is over. */
function placeTasks(nodes: readonly number[], tasks: number): readonly TaskPlace[] {
  const places: TaskPlace[] = [];
  for (const [node, host] of nodes.entries()) {
    const share = Math.floor(tasks / nodes.length) + (node < tasks % nodes.length ? 1 : 0);
    for (let local = 0; local < share; local += 1) places.push({ task: places.length, node, local, host });
  }
  return places;
}
