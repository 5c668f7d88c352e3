import { MEMORY_OPTIONS } from '../compat/sbatch-options.ts';
import {
  HARMFUL_SRUN_OPTIONS,
  isPyxisOption,
  MANAGED_SRUN_OPTIONS,
  SRUN_OPTIONS,
  srunOption,
} from '../compat/srun-options.ts';
import { containerOf, type Job } from '../job.ts';
import { nearest } from '../text/suggestion.ts';
import { keyError, keyWarning, type Problem } from '../yaml/problem.ts';

/** Further options of the sruns of workers and frontends: known ones, which leave alone what dyn-slurm writes. */
export function* checkSrun(job: Job): Generator<Problem> {
  const contained = containerOf(job, job.cluster) !== undefined;
  const memory: string[] = [];
  for (const name of Object.keys(job.slurm.srun)) {
    const path = ['slurm', 'srun', name];
    const { option, known } = srunOption(name);
    const key = MANAGED_SRUN_OPTIONS.get(option);
    const harm = HARMFUL_SRUN_OPTIONS.get(option);
    if (key !== undefined)
      yield keyError(
        path,
        'is set by dyn-slurm itself',
        key === '' ? 'remove it' : `remove it; ${key} sets it`,
      );
    else if (harm !== undefined) yield keyError(path, harm, 'remove it');
    else if (!known) yield* unknown(path, name);
    else if (isPyxisOption(option) && !contained)
      yield keyError(
        path,
        'needs a container, and workers run on the host',
        'remove it, or set container.image',
      );
    if (MEMORY_OPTIONS.includes(option)) memory.push(name);
  }
  const [first, second] = memory;
  if (second !== undefined)
    yield keyError(
      ['slurm', 'srun', second],
      `cannot be combined with ${first}: srun accepts only one of them`,
      'keep one of the two',
    );
}

/** Sites add options by plugins, so what resembles no option is left to srun. */
function* unknown(path: readonly string[], name: string): Generator<Problem> {
  const near = nearest(name, SRUN_OPTIONS);
  if (near === undefined)
    yield keyWarning(
      path,
      'is not an option of srun or pyxis',
      'no step starts unless a plugin of the cluster defines the option',
    );
  else yield keyError(path, `is not an option of srun; did you mean ${JSON.stringify(near)}?`);
}
