import { accessSync, constants, statSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** A program that can be executed, or why not: errno and its text. */
export type Lookup =
  | { readonly path: string }
  | { readonly errno: number; readonly name: string; readonly text: string };

/** As execvp finds it, without its fallback for a missing PATH: under `--export=NONE` there is none. */
export function findProgram(name: string, cwd: string, path: string | undefined): Lookup {
  if (name.includes('/')) {
    const file = name.startsWith('/') ? name : `${cwd}/${name}`;
    return tryFile(file) ?? { errno: 2, name: file, text: 'No such file or directory' };
  }
  const found = (path ?? '')
    .split(':')
    .filter((folder) => folder !== '')
    .map((folder) => tryFile(join(resolve(cwd, folder), name)));
  const missing = { errno: 2, name, text: 'No such file or directory' };
  return found.find((lookup) => lookup && 'path' in lookup) ?? found.find((lookup) => lookup) ?? missing;
}

/** Undefined where there is no such file. */
function tryFile(path: string): Lookup | undefined {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats) return undefined;
  const denied = { errno: 13, name: path, text: 'Permission denied' };
  if (stats.isDirectory()) return denied;
  try {
    accessSync(path, constants.X_OK);
    return { path };
  } catch {
    return denied;
  }
}
