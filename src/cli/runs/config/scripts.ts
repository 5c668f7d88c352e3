import { dirname, join, resolve } from 'node:path';
import {
  LARGEST_SCRIPT,
  readScript,
  type ScriptFile,
  type Scripts,
  scriptsIn,
} from '../../../config/setup.ts';
import type { ConfigMap } from '../../../config/yaml/tree.ts';
import type { World } from '../../world.ts';

/** The scripts that layers name, read from this machine, relative to the folder of the config (`-`: the working folder). */
export async function scriptsOf(
  layers: readonly { readonly root?: ConfigMap | undefined }[],
  config: string,
  world: World,
): Promise<Scripts> {
  const folder = config === '-' ? world.cwd : dirname(resolve(world.cwd, config));
  const read = scriptsIn(layers).map(async (name) => [name, await scriptAt(name, folder, world)] as const);
  return new Map(await Promise.all(read));
}

async function scriptAt(name: string, folder: string, world: World): Promise<ScriptFile> {
  const path = name.startsWith('~/') ? join(world.home, name.slice(2)) : resolve(folder, name);
  try {
    const bytes = await world.readBytes(path, LARGEST_SCRIPT + 1);
    return bytes === undefined ? { fault: `is not a file: ${path}` } : readScript(bytes);
  } catch (cause) {
    const { code = '', message } = cause as NodeJS.ErrnoException;
    return { fault: REASONS[code]?.(path) ?? `cannot be read: ${message}` };
  }
}

const missing = (path: string): string => `does not exist: there is no file ${path}`;

const REASONS: Readonly<Record<string, (path: string) => string>> = {
  ENOENT: missing,
  ENOTDIR: missing,
  EACCES: (path) => `cannot be read: you do not have permission to read ${path}`,
};
