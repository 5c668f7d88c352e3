import type { Job } from '../config/job.ts';
import { ROLES } from '../config/role.ts';
import type { Plan } from '../plan/plan.ts';

/** Also shortened, as sbatch takes them. */
const ASKS_FOR_MEMORY = /^mem(-per-[cg].*)?$/;

/**
 * The `#SBATCH` lines, without their prefix. sbatch reads them as they stand, so every value that a user can set is
 * restricted by the schema rather than quoted.
 */
export function directives(job: Job, plan: Plan): readonly string[] {
  const { slurm, site } = job;
  // Its three forms exclude each other.
  const asksForMemory = Object.keys(slurm.directives).some((name) => ASKS_FOR_MEMORY.test(name));
  const options: readonly (readonly [string, string | number | true | undefined])[] = [
    ['job-name', job.name],
    ['account', slurm.account],
    ['partition', slurm.partition],
    ['qos', slurm.qos],
    ['reservation', slurm.reservation],
    ['constraint', slurm.constraint],
    ['time', slurmTime(slurm.time)],
    ['nodes', plan.nodes.length],
    ['ntasks', plan.nodes.length],
    ['ntasks-per-node', 1],
    ['segment', slurm.segment],
    ['exclusive', slurm.exclusive || undefined],
    // --exclusive gives all CPUs and GPUs but only the default memory: https://slurm.schedmd.com/sbatch.html
    ['mem', slurm.exclusive && site.memory_directive && !asksForMemory ? 0 : undefined],
    ['gpus-per-node', site.gpu_directive === 'gpus-per-node' ? plan.gpus.perNode : undefined],
    ['gres', site.gpu_directive === 'gres' ? `gpu:${plan.gpus.perNode}` : undefined],
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
    ['no-kill', ROLES.some((role) => job[role]?.critical === false) || undefined],
    ...Object.entries(slurm.directives),
  ];
  return options.flatMap(([name, value]) =>
    value === undefined ? [] : [value === true ? `--${name}` : `--${name}=${value}`],
  );
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
