import { DynSlurmError } from '../../errors.ts';
import { type RunOptions, run } from './child.ts';

export interface Install {
  /** The start of the command: `python3 -m pip`. */
  readonly pip: readonly string[];
  /** A file that names every wheel by its hash. */
  readonly lock: string;
  readonly target: string;
}

/**
 * Installs the wheels of a lock into a folder.
 * @returns pip's complaint, or undefined when all went well.
 */
export async function pipInstall(install: Install, options: RunOptions): Promise<string | undefined> {
  const { pip, lock, target } = install;
  const rules = ['--no-deps', '--require-hashes', '--only-binary', ':all:', '--no-compile', '--quiet'];
  const ended = await run([...pip, 'install', ...rules, '--target', target, '-r', lock], options);
  return ended.exitCode === 0 ? undefined : complaint(ended.stderr || ended.stdout);
}

/** pip's own words: its ERROR lines, or else the last line that it wrote. */
function complaint(output: string): string {
  const lines = output.split('\n').map((line) => line.trim());
  const errors = lines.filter((line) => line.startsWith('ERROR: '));
  const network = lines.find((line) => line.startsWith('WARNING: Retrying'));
  const said = errors.length > 0 ? errors : lines.filter((line) => line !== '').slice(-1);
  return [...(network ? [network] : []), ...said]
    .map((line) => line.replace(/^(ERROR|WARNING): /, '').replace(/<pip\._vendor[^>]*>: /, ''))
    .join('\n  ');
}

/** What to do about a complaint of pip. */
function advice(said: string): string {
  if (/No space left on device/.test(said)) {
    return 'The tools take about 360 MB; make room, or choose another disk with XDG_CACHE_HOME.';
  }
  if (/DO NOT MATCH THE HASHES/i.test(said)) {
    return 'A download is not the file that is pinned: look for a proxy or an index that changes files, then try again.';
  }
  if (/Retrying|timed out|Connection|resolve|SSL|proxy/i.test(said)) {
    return 'pip reached no package index: check the network, or name a mirror or proxy with PIP_INDEX_URL or HTTPS_PROXY.';
  }
  if (/No matching distribution|not a supported wheel/.test(said)) {
    return 'Wheels are pinned for Linux on x86_64 and aarch64 (glibc 2.28 or newer) with CPython 3.10 to 3.14.';
  }
  return "Run `dyn-slurm setup` again; finished downloads are kept in pip's cache.";
}

export function pipFailed(what: string, said: string): DynSlurmError {
  return new DynSlurmError('preflight', `pip could not install ${what}:\n  ${said}`, { hint: advice(said) });
}
