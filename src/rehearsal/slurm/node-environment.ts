import { type Environment, SYSTEM_PATH } from '../../host/environment.ts';
import { engineFolders, nodeEngineVariables, replacedPrograms } from './engine.ts';
import { type JobRecord, nodeAddress, nodeList, nodeName, type StepRecord } from './job-record.ts';
import { loginFile } from './job-store.ts';
import { JOB_MARK, STEP_MARK } from './process-table.ts';
import { jobMark, type StandIn } from './state-dir.ts';

/** A node's folders, first in the PATH of jobs that are submitted now. `rest`: what comes after them. */
export function nodePath({ engine, root, path }: StandIn, rest: string): readonly string[] {
  return [...replacedPrograms(engine, root), ...path, ...engineFolders(engine, rest)];
}

/** The environment that a job starts from: all of sbatch's, with a node's folders first in PATH. */
export function submittedEnvironment(env: Environment, cwd: string, standIn: StandIn): Environment {
  const rest = env.PATH || SYSTEM_PATH;
  return { ...env, SLURM_SUBMIT_DIR: cwd, PATH: [...nodePath(standIn, rest), rest].join(':') };
}

/** The environment of the batch script, on the job's first node. */
export function batchEnvironment(base: Environment, job: JobRecord, standIn: StandIn): Environment {
  return {
    ...base,
    ...taskVariables(job.nodes, { task: 0, node: 0 }),
    ...jobVariables(job, 0, 'batch', standIn),
    HOSTNAME: nodeName(0),
    SLURM_EXPORT_ENV: 'ALL',
  };
}

/** The place of a task in its step and job. */
export interface TaskPlace {
  /** Its rank in the step. */
  readonly task: number;
  /** The index of its node in the job. */
  readonly node: number;
  /** Its rank on its node, of so many; absent where each node has one. */
  readonly local?: { readonly rank: number; readonly of: number };
}

/** The rank of a task's node in the step. */
export function nodeRank({ task, local }: TaskPlace): number {
  return local === undefined ? task : Math.floor(task / local.of);
}

/** The environment of one of a step's tasks. `base`: srun's, or what --export left of it. */
export function taskEnvironment(
  base: Environment,
  job: JobRecord,
  step: Pick<StepRecord, 'step' | 'name'>,
  tasks: number,
  place: TaskPlace,
  standIn: StandIn,
): Environment {
  const { node } = place;
  const { PATH: path } = base;
  const replaced = replacedPrograms(job.engine, standIn.root).join(':');
  return {
    // Inherited, this names the batch script's node in every task, as with Slurm.
    HOSTNAME: nodeName(node),
    ...base,
    ...(path !== undefined && !path.startsWith(`${replaced}:`) && { PATH: `${replaced}:${path}` }),
    ...taskVariables(tasks, place),
    ...jobVariables(job, node, String(step.step), standIn),
    SLURM_JOB_NAME: step.name,
    SLURM_STEP_ID: String(step.step),
  };
}

/** What srun's --export leaves of its environment: all, or the named variables and Slurm's own. */
export function exportedEnvironment(env: Environment, exported = 'ALL'): Environment {
  const names = new Set(exported.split(','));
  if (names.has('ALL')) return env;
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => names.has(name) || /^(SLURM_|TMPDIR$)/.test(name)),
  );
}

/** A login shell makes its own PATH, from the machine's profile. After that it reads the file that BASH_ENV names. */
export function loginEnvironment(
  [program = '', option]: readonly string[],
  { id }: JobRecord,
  standIn: StandIn,
): Environment {
  return program.endsWith('bash') && option === '-l' ? { BASH_ENV: loginFile(standIn, id) } : {};
}

function taskVariables(tasks: number, place: TaskPlace): Environment {
  const { task, local = { rank: 0, of: 1 } } = place;
  return {
    SLURM_NNODES: String(tasks / local.of),
    SLURM_NTASKS: String(tasks),
    SLURM_NODEID: String(nodeRank(place)),
    SLURM_PROCID: String(task),
    SLURM_LOCALID: String(local.rank),
  };
}

function jobVariables(job: JobRecord, node: number, step: string, { dir, handed }: StandIn): Environment {
  const gpus = [...Array(job.gpusPerNode).keys()].join(',');
  return {
    ...handed,
    ...nodeEngineVariables(job.engine),
    [JOB_MARK]: jobMark(dir, job.id),
    [STEP_MARK]: step,
    // For node.sh, which then looks for neither model nor image.
    DYN_SLURM_REHEARSAL: job.engine?.kind === 'real' ? undefined : '1',
    // For rehearsal/node-bin/ip.
    DYN_SLURM_NODE_ADDR: nodeAddress(job.id, node),
    ...(job.engine?.kind === 'real' && { DYN_SLURM_NODE_DEV: 'lo' }),
    ...(job.gpus && { DYN_SLURM_NODE_GPUS: job.gpus.join(',') }),
    SLURM_CLUSTER_NAME: 'rehearsal',
    SLURM_JOB_ID: String(job.id),
    SLURM_JOB_NAME: job.name,
    SLURM_JOB_NODELIST: nodeList(job.nodes),
    SLURM_JOB_NUM_NODES: String(job.nodes),
    SLURMD_NODENAME: nodeName(node),
    ...(gpus !== '' && { SLURM_GPUS_ON_NODE: String(job.gpusPerNode), CUDA_VISIBLE_DEVICES: gpus }),
  };
}
