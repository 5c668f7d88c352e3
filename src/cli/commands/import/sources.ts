import { join, relative, resolve } from 'node:path';
import type { SourceFile } from '../../../config/yaml/parse.ts';
import { DynSlurmError } from '../../../errors.ts';
import { isSubmitScript } from '../../../import/command/words.ts';
import { readConfig } from '../../runs/config/load.ts';
import type { World } from '../../world.ts';

/** A file to import. */
export interface Source extends SourceFile {
  /** Its path below the folder that was named; undefined for a file that was named itself. */
  readonly below?: string;
  /** After a colon: `recipe.yaml:override_mtp`. */
  readonly selector?: string;
}

/** Folders deeper than that are no folders of recipes. */
const DEEPEST = 16;

/** The files that are meant: those of folders by their ending, sorted, and a command line as a file of its own. */
export async function sourcesOf(given: readonly string[], world: World): Promise<readonly Source[]> {
  if (
    given.some(isSubmitScript) &&
    (given.length > 1 || !(await world.exists(resolve(world.cwd, given[0] ?? ''))))
  )
    return [{ file: 'command line', text: given.map(quoteWord).join(' ') }];
  const found: Source[] = [];
  for (const path of given) {
    if (path !== '-' && (await world.kind(resolve(world.cwd, path))) === 'folder')
      found.push(...(await folder(path, world)));
    else found.push(await single(path, world));
  }
  return found;
}

async function single(path: string, world: World): Promise<Source> {
  const [, file, selector] = /^(.+\.ya?ml):(.+)$/.exec(path) ?? [];
  if (file === undefined || selector === undefined || (await world.exists(resolve(world.cwd, path))))
    return readConfig(path, world);
  return { ...(await readConfig(file, world)), selector };
}

async function folder(path: string, world: World): Promise<readonly Source[]> {
  const files: Source[] = [];
  const visit = async (at: string, depth: number): Promise<void> => {
    for (const name of await world.listDir(resolve(world.cwd, at))) {
      const inner = join(at, name);
      const kind = await world.kind(resolve(world.cwd, inner));
      if (kind === 'folder' && depth < DEEPEST && !name.startsWith('.')) await visit(inner, depth + 1);
      else if (kind === 'file' && /\.ya?ml$/.test(name))
        files.push({ ...(await readConfig(inner, world)), below: relative(path, inner) });
    }
  };
  await visit(path, 0);
  if (files.length === 0)
    throw new DynSlurmError('usage', `${path}: holds no YAML files`, {
      hint: 'recipes end in .yaml or .yml',
    });
  return files;
}

/** A word as bash reads it back. */
function quoteWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
