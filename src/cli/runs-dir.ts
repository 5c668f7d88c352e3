import { join, resolve } from 'node:path';
import type { ClusterProfile } from '../config/cluster-profile.ts';
import type { World } from './world.ts';

/** Where a cluster's runs are kept: the profile's runs_dir, else DYN_SLURM_RUNS, else ~/dyn-slurm-runs. Absolute. */
export function runsDirOf({ runs_dir }: Pick<ClusterProfile, 'runs_dir'>, world: World): string {
  return place(runs_dir ?? (world.env.DYN_SLURM_RUNS || '~/dyn-slurm-runs'), world);
}

/** A path as a user or a profile writes it, made absolute. */
export function place(path: string, { cwd, home }: World): string {
  return path === '~' || path.startsWith('~/') ? join(home, path.slice(1)) : resolve(cwd, path);
}
