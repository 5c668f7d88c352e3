import type { ClusterProfile } from '../cluster-profile.ts';
import type { Problem } from '../problem.ts';
import type { JobConfig } from '../schema.ts';

/** Options of sbatch that ask for GPUs, all but `gres`: https://slurm.schedmd.com/sbatch.html */
const GPU_OPTIONS = ['gpus', 'gpus-per-node', 'gpus-per-socket', 'gpus-per-task'];

/** Slurm adds up what two options ask for, or refuses them: a job asks for its GPUs in one way. */
export function* checkDirectives(job: JobConfig, site: ClusterProfile): Generator<Problem> {
  if (site.gpu_directive === 'none') return;
  const own = site.gpu_directive === 'gres' ? '--gres=gpu:N' : '--gpus-per-node';
  for (const [name, value] of Object.entries(job.slurm.directives)) {
    if (!asksForGpus(name, String(value))) continue;
    yield {
      severity: 'error',
      path: ['slurm', 'directives', name],
      at: 'key',
      message: `asks for GPUs, as dyn-slurm does itself with ${own}`,
      hint: 'remove it, or set gpu_directive: none in the cluster profile',
    };
  }
}

/** sbatch takes any unique beginning of a name. */
function asksForGpus(name: string, value: string): boolean {
  if (name.length >= 3 && GPU_OPTIONS.some((option) => option.startsWith(name))) return true;
  return name.length >= 2 && 'gres'.startsWith(name) && /(^|,)(gres[:/])?gpu\b/.test(value);
}
