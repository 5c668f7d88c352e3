import { join, normalize, resolve } from 'node:path';
import type { ClusterProfile } from '../../../config/schema/cluster-schema.ts';
import { DynSlurmError } from '../../../errors.ts';
import type { Plan } from '../../../plan/plan.ts';
import type { World } from '../../world.ts';

/**
 * Where a cluster's runs are kept: the profile's runs_dir, else DYN_SLURM_RUNS, else ~/dyn-slurm-runs. Absolute; where
 * the profile has a host, it is a place there, whose home is not known yet, and `~` stays.
 */
export function runsDirOf(
  { runs_dir, host }: Pick<ClusterProfile, 'runs_dir' | 'host'>,
  world: World,
): string {
  if (host !== undefined) return remotePlace(runs_dir ?? '~/dyn-slurm-runs');
  if (runs_dir !== undefined) return profilePlace(runs_dir, world);
  return place(world.env.DYN_SLURM_RUNS || '~/dyn-slurm-runs', world);
}

/**
 * Where a job's runs can be kept: srun and pyxis read some characters of paths as their own.
 * @throws DynSlurmError `config`
 */
export function fitRunsDir(dir: string, { contained }: Pick<Plan, 'contained'>): string {
  const wrong = (contained ? /[\u0000-\u001f\u007f%\\:,]/ : /[\u0000-\u001f\u007f%\\]/).exec(dir)?.[0];
  if (wrong === undefined) return dir;
  throw new DynSlurmError(
    'config',
    `the runs folder ${JSON.stringify(dir)} must not contain ${JSON.stringify(wrong)}`,
    {
      hint: 'srun expands %, a backslash disables this expansion, and container mounts are split at ":" and ","; set runs_dir in the cluster profile, or DYN_SLURM_RUNS, to another folder',
    },
  );
}

/** A path on a login node: relative ones are meant from the home there, which `~` stands for. */
export function remotePlace(path: string): string {
  return /^(\/|~(\/|$))/.test(path) ? normalize(path) : join('~', path);
}

/**
 * A path of a cluster profile on this machine, made absolute. As on a login node relative ones are meant from the home:
 * from the working folder, a stranger's folder would choose what runs.
 */
export function profilePlace(path: string, { home }: Pick<World, 'home'>): string {
  return resolve(home, path.replace(/^~(?=\/|$)/, '.'));
}

/** A path as a user writes it, made absolute. */
export function place(path: string, { cwd, home }: World): string {
  return path === '~' || path.startsWith('~/') ? join(home, path.slice(1)) : resolve(cwd, path);
}
