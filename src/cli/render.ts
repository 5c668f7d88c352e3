import { join, resolve } from 'node:path';
import { DynSlurmError, EXIT } from '../errors.ts';
import { planJob } from '../plan/assemble.ts';
import { bundleOf } from './bundle.ts';
import { type LoadOptions, loadValidJob } from './load.ts';
import { printWarnings } from './problems.ts';
import type { World } from './world.ts';

export interface RenderOptions extends LoadOptions {
  readonly out: string;
  readonly force?: boolean;
}

/** Writes the bundle to a folder, with the modes that a run folder would have. */
export async function render(
  file: string,
  { out, force, ...options }: RenderOptions,
  world: World,
): Promise<number> {
  const loaded = await loadValidJob(file, options, world);
  if (loaded === undefined) return EXIT.config;
  const plan = planJob(loaded.job);
  const { files } = await bundleOf(loaded, plan, world);
  const folder = resolve(world.cwd, out);
  await refuseUnfit(folder, out, force === true, world);
  await world.writeFiles(folder, files);
  printWarnings(plan, world);
  world.err.write(`wrote ${files.size} files to ${out}; start with ${join(out, 'job.sbatch')}\n`);
  return EXIT.ok;
}

async function refuseUnfit(folder: string, out: string, force: boolean, world: World): Promise<void> {
  const kind = await world.kind(folder);
  if (kind === undefined) return;
  if (kind === 'link')
    throw new DynSlurmError('usage', `--out ${out}: is a symbolic link, which render does not follow`);
  if (kind !== 'folder') throw new DynSlurmError('usage', `--out ${out}: is not a folder`);
  if (!force && (await world.listDir(folder)).length > 0) {
    throw new DynSlurmError('usage', `--out ${out}: the folder is not empty`, {
      hint: 'name a new folder, or give --force to write over the files of the same names',
    });
  }
}
