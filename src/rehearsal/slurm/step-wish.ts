import { type Environment, Refusal } from './call.ts';
import type { Options } from './job-request.ts';
import type { StepWish } from './step-layout.ts';

/** Options first, then what sbatch put into the job's environment, as srun reads it. */
export function stepWish(options: Options, env: Environment): StepWish {
  const number = (option: string, ...variables: string[]): number | undefined => {
    const text =
      options.get(option) ?? variables.map((name) => env[name]).find((value) => value !== undefined);
    if (text === undefined) return undefined;
    if (!/^\d+(-\d+)?$/.test(text))
      throw new Refusal(`srun: error: Invalid numeric value "${text}" for --${option}.`, 255);
    return Number(text.split('-').at(-1));
  };
  const nodes = number('nodes', 'SLURM_NNODES', 'SLURM_JOB_NUM_NODES');
  const tasks = number('ntasks', 'SLURM_NTASKS', 'SLURM_NPROCS');
  const tasksPerNode = number('ntasks-per-node', 'SLURM_NTASKS_PER_NODE');
  const relative = number('relative');
  const nodelist = options.get('nodelist');
  const exclude = options.get('exclude');
  return {
    cpusPerTask: number('cpus-per-task') ?? 1,
    overcommit: options.has('overcommit'),
    ...(nodes !== undefined && { nodes }),
    ...(tasks !== undefined && { tasks }),
    ...(tasksPerNode !== undefined && { tasksPerNode }),
    ...(relative !== undefined && { relative }),
    ...(nodelist !== undefined && { nodelist }),
    ...(exclude !== undefined && { exclude }),
  };
}
