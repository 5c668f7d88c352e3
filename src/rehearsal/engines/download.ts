import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Environment } from '../../host/environment.ts';
import { findPython, pipDownload, pipFailed, pythonEnvironment } from '../tools/python.ts';
import { ENGINES } from './catalog.ts';
import { type EnginePlace, engineLock, UV_LOCK } from './place.ts';

/**
 * Puts every wheel of an engine's environment into a folder, for a machine without network that has the same minor version
 * of Python. Gives that version: `3.12`.
 * @throws {DynSlurmError} `preflight`, `interrupted`
 */
export async function downloadWheels(
  { name, packageRoot }: EnginePlace,
  folder: string,
  { env, signal }: { readonly env: Environment; readonly signal: AbortSignal },
): Promise<string> {
  await mkdir(folder, { recursive: true });
  const options = { env: pythonEnvironment(env, env.TMPDIR ?? tmpdir()), signal };
  const { title, newestPython } = ENGINES[name];
  const python = await findPython(options, { who: title, newest: newestPython });
  for (const lock of [UV_LOCK, engineLock(name)]) {
    const said = await pipDownload(
      { pip: [python.command, '-m', 'pip'], lock: join(packageRoot, lock), target: folder },
      options,
    );
    if (said !== undefined) throw pipFailed(`the wheels of ${title}`, said);
  }
  return python.version.split('.').slice(0, 2).join('.');
}
