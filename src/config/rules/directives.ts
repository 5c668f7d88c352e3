import {
  MANAGED_OPTIONS,
  MEMORY_OPTIONS,
  SBATCH_OPTIONS,
  sbatchOption,
  takesList,
} from '../compat/sbatch-options.ts';
import type { ClusterProfile } from '../schema/cluster-schema.ts';
import type { JobConfig } from '../schema/job-schema.ts';
import { alternatives, nearest } from '../text/suggestion.ts';
import { error, keyError, keyWarning, type Problem } from '../yaml/problem.ts';
import { quoted } from '../yaml/source-range.ts';

/** Each option is written once, and none contradicts what dyn-slurm writes. */
export function* checkDirectives(job: JobConfig, cluster: ClusterProfile): Generator<Problem> {
  const names = new Map<string, string>();
  for (const [name, value] of Object.entries(job.slurm.directives)) {
    const path = ['slurm', 'directives', name];
    const found = sbatchOption(name);
    if ('ambiguous' in found) {
      const message = `is short for several options of sbatch: ${alternatives(found.ambiguous)}`;
      yield keyError(path, message, 'write its full name');
      continue;
    }
    const { option, known } = found;
    const key = MANAGED_OPTIONS.get(option);
    if (key !== undefined) {
      const long = name === option ? '' : `short for ${option}, which is `;
      const message = `is ${long}set by dyn-slurm itself`;
      yield keyError(path, message, key === '' ? 'remove it' : `remove it; ${key} sets it`);
      continue;
    }
    if (!known) yield* unknown(path, name);
    const twin = names.get(option);
    names.set(option, name);
    if (twin !== undefined && !takesList(option)) {
      const message = `is the same option as ${twin}, --${option}`;
      yield keyError(path, message, 'keep one of the two');
    }
    if (option === 'oversubscribe' && job.slurm.exclusive) {
      yield keyError(
        path,
        'contradicts --exclusive, which slurm.exclusive requests: sbatch would use the last of the two',
        'remove one of them; `slurm.exclusive: false` shares the nodes',
      );
    }
    if (option === 'constraint') yield* constraints(path, job.slurm.constraint, String(value));
  }
  const [memory, second] = [...names.keys()].filter((option) => MEMORY_OPTIONS.includes(option));
  if (memory !== undefined && second !== undefined) {
    yield keyError(
      ['slurm', 'directives', names.get(second) ?? second],
      `cannot be combined with ${names.get(memory)}: sbatch accepts only one of them`,
      'keep one of the two',
    );
  }
  if (/^\s*#SBATCH\b/m.test(cluster.preamble)) {
    yield keyError(
      ['slurm'],
      'the preamble of the cluster profile contains #SBATCH lines, which sbatch ignores after the first command of a script',
      'move them to slurm.directives of the config',
    );
  }
}

/** Sites add options by plugins, so what is not known is only doubtful. */
function* unknown(path: readonly string[], name: string): Generator<Problem> {
  const near = nearest(name, SBATCH_OPTIONS);
  if (near === undefined) return;
  yield keyWarning(
    path,
    `is not an sbatch option; did you mean ${JSON.stringify(near)}?`,
    'sbatch refuses the job unless a plugin of the cluster defines the option',
  );
}

/** Features are joined by `&`, which binds closer than `|`, and has no place beside brackets. */
function* constraints(path: readonly string[], own: string | undefined, value: string): Generator<Problem> {
  if (own === undefined || own === value || !/[|[\]]/.test(`${own}${value}`)) return;
  yield error(
    path,
    `cannot be joined with slurm.constraint, ${quoted(own)}, because of its "|" or brackets`,
    'write the whole expression in slurm.constraint',
  );
}
