import { execFile } from 'node:child_process';
import { accessSync, constants, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { readImage } from '../../config/compat/image-reference.ts';
import { DynSlurmError } from '../../errors.ts';
import type { Environment } from '../../host/environment.ts';
import type { NodeContainer } from '../slurm/node-container.ts';

/** The program of this machine that runs containers without root: enroot, else docker; undefined where there is none. */
export function containerRuntime(env: Environment): NodeContainer['runtime'] | undefined {
  const folders = (env.PATH ?? '').split(':').filter((folder) => folder !== '');
  const isThere = (name: string) =>
    folders.some((folder) => {
      try {
        accessSync(join(folder, name), constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
  return (['enroot', 'docker'] as const).find(isThere);
}

/**
 * Fetches an image, unless it is there, so that steps can start in it. `cache`: folder for what enroot imports.
 * @throws DynSlurmError `preflight` with what the runtime says
 */
export async function adoptImage(
  image: string,
  runtime: NodeContainer['runtime'],
  cache: string,
  world: { readonly env: Environment; readonly signal: AbortSignal },
): Promise<NodeContainer> {
  const reference = readImage(image);
  if (runtime === 'docker') {
    if (reference.kind === 'file')
      throw new DynSlurmError('preflight', `docker cannot start ${image}, which is an image of enroot`, {
        hint: 'install enroot, or name an image of a registry',
      });
    const name = reference.kind === 'registry' ? image.replace('#', '/') : image.replace(/^\w+:\/\//, '');
    if (!(await runs('docker', ['image', 'inspect', name], world)))
      await must('docker', ['pull', name], world);
    return { runtime, image: name };
  }
  const name = `dyn-slurm-${image.replace(/[^A-Za-z0-9._-]/g, '-')}`;
  if (await runs('enroot', ['list'], world, name)) return { runtime, image: name };
  const file = reference.kind === 'file' ? reference.path : join(cache, `${name}.sqsh`);
  if (reference.kind !== 'file') {
    mkdirSync(cache, { recursive: true });
    const source = reference.kind === 'registry' ? reference.uri : image;
    try {
      accessSync(file);
    } catch {
      await must('enroot', ['import', '--output', file, source], world);
    }
  }
  await must('enroot', ['create', '--name', name, file], world);
  return { runtime, image: name };
}

/** Whether a command succeeds, and prints a line that is `wanted`. */
function runs(
  program: string,
  words: readonly string[],
  { env, signal }: { readonly env: Environment; readonly signal: AbortSignal },
  wanted?: string,
): Promise<boolean> {
  return new Promise((resolve) => {
    execFile(program, words, { env, signal }, (error, out) => {
      resolve(error === null && (wanted === undefined || out.split('\n').includes(wanted)));
    });
  });
}

function must(
  program: string,
  words: readonly string[],
  { env, signal }: { readonly env: Environment; readonly signal: AbortSignal },
): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile(program, words, { env, signal, maxBuffer: 1 << 26 }, (error, out, err) => {
      if (error === null) resolve();
      else if (signal.aborted) reject(new DynSlurmError('interrupted', 'interrupted'));
      else {
        const said = `${out}\n${err}`.trim().split('\n').at(-1) ?? '';
        const hint = /permission denied|docker.sock/.test(said)
          ? 'you need to be in the group docker, or to install enroot, which needs no rights'
          : 'check the name of the image, and the network';
        reject(
          new DynSlurmError('preflight', `${program} ${words.slice(0, 2).join(' ')} fails: ${said}`, {
            hint,
          }),
        );
      }
    });
  });
}
