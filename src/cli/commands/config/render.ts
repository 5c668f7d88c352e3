import { join, resolve } from 'node:path';
import { count } from '../../../config/text/plural.ts';
import { DynSlurmError, EXIT } from '../../../errors.ts';
import { writeLocalFiles } from '../../../host/local-files.ts';
import { type LoadOptions, loadValidJob } from '../../runs/config/load.ts';
import { bundleOf } from '../../runs/submit/bundle.ts';
import type { World } from '../../world.ts';

export interface RenderOptions extends LoadOptions {
  readonly out: string;
  readonly force?: boolean;
}

/** Writes the bundle to a folder, with the modes that a run folder would have. */
export async function render(
  file: string,
  { out, force = false, ...options }: RenderOptions,
  world: World,
): Promise<number> {
  const loaded = await loadValidJob(file, options, world);
  if (loaded === undefined) return EXIT.config;
  const { files } = await bundleOf(loaded, loaded.plan, world);
  const folder = resolve(world.cwd, out);
  await refuseUnfit(folder, `--out ${out}`, force, world);
  // What an earlier render left, with its steps: removing follows no links, and all files are then written anew.
  for (const name of new Set([...files.keys()].map(topmost))) await world.remove(join(folder, name));
  await writeLocalFiles(folder, files);
  world.err.write(`wrote ${count(files.size, 'file')} to ${out}; start with ${join(out, 'job.sbatch')}\n`);
  return EXIT.ok;
}

function topmost(path: string): string {
  return path.split('/')[0] ?? path;
}

async function refuseUnfit(folder: string, option: string, force: boolean, world: World): Promise<void> {
  const kind = await world.kind(folder);
  if (kind === undefined) return;
  if (kind === 'link')
    throw new DynSlurmError('usage', `${option}: is a symbolic link; links are not followed`);
  if (kind !== 'folder') throw new DynSlurmError('usage', `${option}: is not a folder`);
  if (!force && (await world.listDir(folder)).length > 0) {
    throw new DynSlurmError('usage', `${option}: the folder is not empty`, {
      hint: 'name a new folder, or add --force to replace the files of an earlier render',
    });
  }
}
