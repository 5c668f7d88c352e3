import {
  COMMAND_LINE_OPTIONS,
  type DirectiveValue,
  directiveOptions,
  joinValues,
  MEMORY_OPTIONS,
} from '../config/compat/sbatch-options.ts';
import type { Job } from '../config/job.ts';
import { rolesOf } from '../config/schema/role.ts';

/**
 * The options of a job script for that many nodes, as words; none of them twice. `tasks`: that a step has on a node, at most:
 * where nodes are shared, Slurm gives the job CPUs for no more.
 */
export function directives(job: Job, nodes: number, gpusPerNode: number, tasks = 1): readonly string[] {
  const { slurm, cluster } = job;
  const given = directiveOptions(slurm.directives);
  const asksForMemory = MEMORY_OPTIONS.some((name) => given.has(name));
  const gpus = `${cluster.gpu_type === undefined ? '' : `${cluster.gpu_type}:`}${gpusPerNode}`;
  const own: readonly (readonly [string, DirectiveValue | undefined])[] = [
    ['job-name', job.name],
    ['account', slurm.account],
    ['partition', slurm.partition],
    ['qos', slurm.qos],
    ['reservation', slurm.reservation],
    ['constraint', slurm.constraint],
    ['time', slurmTime(slurm.time)],
    ['nodes', nodes],
    ['ntasks', nodes * tasks],
    ['ntasks-per-node', tasks],
    ['segment', slurm.segment],
    ['exclusive', slurm.exclusive || undefined],
    // --exclusive gives all CPUs and GPUs but only the default memory: https://slurm.schedmd.com/sbatch.html
    ['mem', slurm.exclusive && cluster.memory_directive && !asksForMemory ? 0 : undefined],
    ['gpus-per-node', cluster.gpu_directive === 'gpus-per-node' ? gpus : undefined],
    ['gres', cluster.gpu_directive === 'gres' ? `gpu:${gpus}` : undefined],
    ['output', 'job.log'],
    ['open-mode', 'append'],
    // sbatch itself runs with the environment that the job is to have. NONE, or a list of names, would make slurmd fetch
    // that of a login, and requeue and hold the job where it cannot.
    ['export', 'ALL'],
    // Not the submitting shell's low limits.
    ['propagate', 'NONE'],
    // B: reaches the batch shell only; the steps go on until it stops them.
    ['signal', `B:USR1@${job.health.drain}`],
    [slurm.requeue ? 'requeue' : 'no-requeue', true],
    // Slurm ends a job whose node fails, unless it is to go on without some of its workers.
    ['no-kill', rolesOf(job).some(([, { critical }]) => !critical) || undefined],
  ];
  const options = new Map(own.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
  for (const [name, value] of given) {
    if (!isCommandLine(name)) options.set(name, joinValues(name, options.get(name), value));
  }
  return [...options].map(([name, value]) => (value === true ? `--${name}` : `--${name}=${value}`));
}

/** Options of the config that sbatch's command line takes, because dyn-slurm adds to them; see slurm-argv.ts. */
export function commandLineOptions({ slurm }: Job): Readonly<Record<string, string>> {
  const given = [...directiveOptions(slurm.directives)].filter(([name]) => isCommandLine(name));
  return Object.fromEntries(given.map(([name, value]) => [name, String(value)]));
}

function isCommandLine(name: string): boolean {
  return COMMAND_LINE_OPTIONS.some((option) => option === name);
}

/** Seconds as `D-HH:MM:SS`: of Slurm's forms the only one that cannot be misread. */
function slurmTime(seconds: number): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const [days, hours, minutes] = [
    Math.floor(seconds / 86400),
    Math.floor(seconds / 3600) % 24,
    Math.floor(seconds / 60) % 60,
  ];
  return `${days}-${two(hours)}:${two(minutes)}:${two(seconds % 60)}`;
}
