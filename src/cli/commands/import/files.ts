import { basename, dirname, extname, join, resolve } from 'node:path';
import { DynSlurmError } from '../../../errors.ts';
import type { Imported } from '../../../import/import.ts';
import type { World } from '../../world.ts';
import type { Source } from './sources.ts';

/** A recipe of a folder keeps its place and name there; several configs of one file get a folder of its name. */
export async function write(
  { documents }: Imported,
  { below }: Source,
  { out = '', force = false }: { readonly out?: string; readonly force?: boolean },
  names: Set<string>,
  world: World,
): Promise<readonly string[]> {
  const stem = below === undefined ? undefined : join(dirname(below), basename(below, extname(below)));
  const paths: string[] = [];
  for (const { name, text } of documents) {
    const file =
      stem === undefined
        ? `${name}.yaml`
        : documents.length === 1
          ? `${stem}.yaml`
          : join(stem, `${name}.yaml`);
    const path = join(out, file);
    const absolute = resolve(world.cwd, path);
    if (names.has(absolute))
      throw new DynSlurmError('usage', `two configs would be ${path}`, {
        hint: 'import the two recipes to different folders',
      });
    names.add(absolute);
    const kind = await world.kind(absolute);
    if (kind !== undefined && (kind !== 'file' || !force))
      throw new DynSlurmError('usage', `${path}: is there already`, {
        hint: 'name another folder, or give --force to replace it',
      });
    await world.writeFile(absolute, text);
    paths.push(path);
  }
  return paths;
}
