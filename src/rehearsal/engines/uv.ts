import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DynSlurmError } from '../../errors.ts';
import type { Environment } from '../../host/environment.ts';
import { type RunOptions, run } from '../tools/child.ts';
import { pipFailed, pipInstall } from '../tools/python.ts';

export interface UvInstall {
  readonly uv: string;
  readonly python: string;
  /** A file that names every wheel by its hash. */
  readonly lock: string;
  /** Keeps what has been downloaded, so that an installation that was cut off goes on from there. */
  readonly cache: string;
  /** A folder of wheels that takes the place of the package index. */
  readonly wheels: string | undefined;
}

/** Installs uv itself, by pip. Gives its path. */
export async function installUv(
  install: { readonly pip: readonly string[]; readonly lock: string; readonly folder: string },
  wheels: string | undefined,
  options: RunOptions,
): Promise<string> {
  const { pip, lock, folder } = install;
  await mkdir(folder, { recursive: true });
  const said = await pipInstall({ pip, lock, target: folder, wheels }, options);
  if (said !== undefined) throw pipFailed('uv', said);
  return join(folder, 'bin/uv');
}

/** Installs the wheels of a lock that are not there yet. @throws DynSlurmError `preflight` with what uv says */
export async function uvInstall(install: UvInstall, options: RunOptions): Promise<void> {
  const { uv, python, lock, cache, wheels } = install;
  const rules = ['--no-deps', '--require-hashes', '--only-binary', ':all:', '--python', python];
  const from = wheels === undefined ? [] : ['--no-index', '--find-links', wheels];
  const env = { UV_CACHE_DIR: cache, ...indexOfPip(options.env), ...options.env };
  const argv = [uv, 'pip', 'install', '--no-progress', ...rules, ...from, '-r', lock];
  const ended = await run(argv, { ...options, env });
  if (ended.exitCode === 0) return;
  const said = ended.stderr.split('\n').filter((line) => /^(error|hint|\s+(Caused by|cause))/i.test(line));
  const text = (said.length > 0 ? said : ended.stderr.trim().split('\n').slice(-3)).join('\n  ');
  throw new DynSlurmError('preflight', `uv could not install the engine:\n  ${text}`, {
    hint: advice(text, wheels),
  });
}

/** uv does not read pip's settings, and a machine that has a mirror has it there. uv's own settings go before. */
function indexOfPip(env: Environment): Environment {
  return { UV_DEFAULT_INDEX: env.PIP_INDEX_URL, SSL_CERT_FILE: env.PIP_CERT };
}

function advice(said: string, wheels: string | undefined): string {
  if (/No space left/.test(said))
    return 'Free some space, or set XDG_CACHE_HOME to a folder on another disk.';
  if (wheels !== undefined)
    return `Fill ${wheels} with \`dyn-slurm setup --engine NAME --download FOLDER\` of this release of dyn-slurm, on a machine with the same version of Python.`;
  if (/hash/i.test(said))
    return 'A download differs from the pinned file: look for a proxy or an index that changes files, then try again.';
  if (/connect|timed? ?out|resolve|dns|request failed|certificate/i.test(said))
    return 'uv reached no package index: check the network, or set UV_DEFAULT_INDEX or HTTPS_PROXY to a mirror or proxy; a machine without network takes `--wheels FOLDER`.';
  return 'Run the same command again; finished downloads are kept.';
}
