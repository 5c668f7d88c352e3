import { resolve } from 'node:path';
import type { Account } from './account.ts';
import { Refusal } from './call.ts';
import { parseTimeLimit } from './duration.ts';
import type { JobRequest } from './job-record.ts';
import { parseEarlySignal } from './signal.ts';

/** Options of sbatch or salloc by long name; the last of each counts. */
export type Options = ReadonlyMap<string, string>;

/** CPUs of a node that a job has to itself. */
const NODE_CPUS = 64;

/** What the options ask for. `name` is the job's when they give none. Throws Refusal in Slurm's words. */
export function jobRequest(
  program: string,
  options: Options,
  name: string,
  cwd: string,
  account: Account,
): JobRequest {
  const refuse = (message: string, exitCode = 255): Refusal =>
    new Refusal(`${program}: error: ${message}`, exitCode);
  const number = (option: string): number | undefined => {
    const text = options.get(option);
    if (text === undefined) return undefined;
    if (!/^\d+$/.test(text)) throw refuse(`Invalid numeric value "${text}" for --${option}.`);
    return Number(text);
  };
  const tasks = number('ntasks');
  const tasksPerNode = number('ntasks-per-node');
  const cpusPerTask = number('cpus-per-task') ?? 1;
  const nodes = nodeCount(options.get('nodes'), refuse) ?? Math.ceil((tasks ?? 1) / (tasksPerNode ?? 1));
  const perNode = tasksPerNode ?? Math.ceil((tasks ?? nodes) / Math.max(nodes, 1));
  const timeLimit = parseTimeLimit(options.get('time') ?? '0');
  if (timeLimit === undefined) throw refuse('Invalid --time specification');
  const early = options.get('signal');
  const signal = early === undefined ? undefined : parseEarlySignal(early);
  if (early !== undefined && !signal) throw refuse('Invalid --signal specification');
  const memory = options.get('mem');
  if (memory !== undefined && !/^\d+[kmgt]?b?$/i.test(memory)) throw refuse('Invalid --mem specification');
  const dependency = options.get('dependency');
  if (dependency !== undefined && !DEPENDENCY.test(dependency)) {
    throw refuse(`${submission(program)} failed: Job dependency problem`, 1);
  }
  if (options.has('array')) throw refuse('this stand-in for Slurm runs no job arrays', 1);
  return {
    name: options.get('job-name') ?? name,
    user: account.user,
    uid: account.uid,
    gid: account.gid,
    partition: options.get('partition')?.split(',')[0] ?? 'batch',
    nodes,
    cpusPerTask,
    cpusPerNode: options.has('exclusive') ? NODE_CPUS : perNode * cpusPerTask,
    gpusPerNode: gpusPerNode(options),
    timeLimit,
    held: options.has('hold') || options.get('priority') === '0',
    workDir: resolve(cwd, options.get('chdir') ?? '.'),
    submitDir: cwd,
    submitHost: account.host,
    ...(tasks !== undefined && { tasks }),
    ...(tasksPerNode !== undefined && { tasksPerNode }),
    ...(signal && { signal }),
    ...(dependency !== undefined && { dependency }),
    ...text(options, 'account'),
    ...text(options, 'comment'),
    ...text(options, 'qos'),
    ...text(options, 'reservation'),
    ...text(options, 'constraint'),
  };
}

/** How the program calls what failed, in `Batch job submission failed: …`. */
export function submission(program: string): string {
  return program === 'sbatch' ? 'Batch job submission' : 'Job submit/allocate';
}

const DEPENDENCY = /^((after|afterany|afterok|afternotok):\d+(:\d+)*(,|$))+$|^singleton$/;

/** `4`, or `2-4`, of which the stand-in always has the most. */
function nodeCount(text: string | undefined, refuse: (message: string) => Refusal): number | undefined {
  if (text === undefined) return undefined;
  const [, least, most = least] = /^(\d+)(?:-(\d+))?$/.exec(text) ?? [];
  if (most === undefined) throw refuse(`"${text}" is not a valid node count`);
  return Number(most);
}

function gpusPerNode(options: Options): number {
  const perNode = /^(?:[\w-]+:)?(\d+)$/.exec(options.get('gpus-per-node') ?? '')?.[1];
  const gres = /(?:^|,)gpu(?::[\w-]+)?:(\d+)/.exec(options.get('gres') ?? '')?.[1];
  return Number(perNode ?? gres ?? 0);
}

function text<Name extends string>(options: Options, name: Name): { readonly [key in Name]?: string } {
  const value = options.get(name);
  return (value === undefined ? {} : { [name]: value }) as { readonly [key in Name]?: string };
}
