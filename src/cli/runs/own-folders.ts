import { join } from 'node:path';
import type { World } from '../world.ts';

/** The folder for dyn-slurm's own state: `$XDG_STATE_HOME/dyn-slurm`. */
export function stateFolder({ env, home }: Pick<World, 'env' | 'home'>): string {
  return join(absolute(env.XDG_STATE_HOME) ?? join(home, '.local/state'), 'dyn-slurm');
}

/** The folder for the user's settings: `$XDG_CONFIG_HOME/dyn-slurm`. */
export function configFolder({ env, home }: Pick<World, 'env' | 'home'>): string {
  return join(absolute(env.XDG_CONFIG_HOME) ?? join(home, '.config'), 'dyn-slurm');
}

/** The XDG Base Directory Specification has relative paths ignored. */
function absolute(path: string | undefined): string | undefined {
  return path?.startsWith('/') ? path : undefined;
}

/** Names of a folder's files with this ending, without it; sorted. */
export async function namesIn(folder: string, ending: string, world: World): Promise<readonly string[]> {
  const files = await world.listDir(folder);
  return files.flatMap((file) => (file.endsWith(ending) ? [file.slice(0, -ending.length)] : []));
}
