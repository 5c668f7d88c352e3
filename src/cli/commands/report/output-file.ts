import { basename, isAbsolute, join } from 'node:path';
import { DynSlurmError } from '../../../errors.ts';
import type { World } from '../../world.ts';

/**
 * Writes a file, by default for its owner alone, in place of one that is there; its absolute path. A link that somebody has put there is
 * not followed. @throws DynSlurmError `usage` for what is no plain file.
 */
export async function writeOutput(given: string, text: string, world: World, mode = 0o600): Promise<string> {
  const path = isAbsolute(given) ? given : join(world.cwd, given);
  const kind = await world.kind(path);
  if (kind !== undefined && kind !== 'file') {
    const what = kind === 'folder' ? 'a folder' : 'no plain file';
    throw new DynSlurmError('usage', `${basename(path)} is ${what}`, { hint: 'name a file with -o FILE' });
  }
  if (kind === 'file') await world.remove(path);
  await world.writeFile(path, text, mode);
  return path;
}
