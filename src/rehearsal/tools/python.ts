import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DynSlurmError } from '../../errors.ts';
import type { Environment } from '../../host/environment.ts';
import { type RunOptions, run } from './child.ts';

export interface Python {
  readonly command: string;
  /** `3.11.7` */
  readonly version: string;
  /** Has a pip that knows the wheels' tags. */
  readonly pip: boolean;
}

/** As found on PATH; `python3` first, since it is what the user chose. Wheels are pinned for these versions. */
const COMMANDS = ['python3', 'python3.13', 'python3.12', 'python3.11', 'python3.10'];
const OLDEST = 10;

export interface PythonWanted {
  /** What needs it: `A rehearsal`. */
  readonly who: string;
  /** The newest minor version of Python 3 that will do; absent where any newer one does. */
  readonly newest?: number;
}

const ASK = `
import sys
try:
    import pip
    pip = pip.__version__
except ImportError:
    pip = '0'
print(sys.implementation.name, '.'.join(map(str, sys.version_info[:3])), pip)
`;

/** pip knows manylinux tags by glibc version since 20.3. */
function knowsTags(pip: string): boolean {
  const [major = 0, minor = 0] = pip.split('.').map(Number);
  return major > 20 || (major === 20 && minor >= 3);
}

/** @throws {DynSlurmError} `preflight` where there is no CPython of at least 3.10, or only newer ones than wanted. */
export async function findPython(
  options: RunOptions,
  { who, newest = Number.POSITIVE_INFINITY }: PythonWanted = { who: 'A rehearsal' },
): Promise<Python> {
  const seen: string[] = [];
  for (const command of COMMANDS) {
    const { exitCode, stdout } = await run([command, '-c', ASK], { timeout: 20_000, ...options });
    const [implementation, version = '', pip = '0'] = stdout.trim().split(' ');
    if (exitCode !== 0 || implementation !== 'cpython') continue;
    const [major, minor = 0] = version.split('.').map(Number);
    if (major === 3 && minor >= OLDEST && minor <= newest) return { command, version, pip: knowsTags(pip) };
    seen.push(`${command} is ${version}`);
  }
  const found = seen.length > 0 ? ` (${seen.join(', ')})` : '';
  const upTo = Number.isFinite(newest) ? `to 3.${newest}` : 'or newer';
  throw new DynSlurmError('preflight', `${who} needs CPython 3.10 ${upTo}; none is on PATH${found}.`, {
    hint: 'Install one, for example with `apt install python3 python3-venv` or from python.org, and run `dyn-slurm setup` again.',
  });
}

/** A virtual environment, and the pip that fills it. */
export interface Environs {
  readonly python: string;
  readonly sitePackages: string;
  /** The start of each pip command. */
  readonly pip: readonly string[];
}

/**
 * Makes a virtual environment without pip, which takes 0.1 s instead of 3, and fills it with the pip of the
 * Python that made it. Debian's `python3` may have no pip: then the environment gets its own, if it can.
 */
export async function makeEnvironment(
  python: Python,
  folder: string,
  options: RunOptions,
): Promise<Environs> {
  const made = await run([python.command, '-m', 'venv', '--without-pip', folder], options);
  if (made.exitCode !== 0) throw noVenv(python, made.stderr || made.stdout);
  const own = join(folder, 'bin/python');
  const sitePackages = await findSitePackages(folder);
  if (python.pip) return { python: own, sitePackages, pip: [python.command, '-m', 'pip'] };
  const ensured = await run([own, '-m', 'ensurepip'], options);
  if (ensured.exitCode !== 0) throw noVenv(python, ensured.stderr);
  return { python: own, sitePackages, pip: [own, '-m', 'pip'] };
}

async function findSitePackages(folder: string): Promise<string> {
  const names = await readdir(join(folder, 'lib'));
  return join(folder, 'lib', names.find((name) => name.startsWith('python3.')) ?? '', 'site-packages');
}

function noVenv(python: Python, said: string): DynSlurmError {
  const last = said.trim().split('\n').at(-1) ?? '';
  return new DynSlurmError(
    'preflight',
    `${python.command} (${python.version}) cannot create a virtual environment with pip: ${last}`,
    { hint: 'On Debian and Ubuntu, `apt install python3-venv` installs what is missing.' },
  );
}

/** What Python and pip are run with: the user's pip settings (an own index, a proxy) hold, except where they would move the files. */
export function pythonEnvironment(env: Environment, temporary: string): Environment {
  const { PYTHONHOME, PYTHONPATH, VIRTUAL_ENV, PIP_TARGET, PIP_PREFIX, PIP_ROOT, ...rest } = env;
  return {
    ...rest,
    TMPDIR: temporary,
    PIP_USER: '0',
    PIP_NO_INPUT: '1',
    PIP_DISABLE_PIP_VERSION_CHECK: '1',
    PIP_ROOT_USER_ACTION: 'ignore',
    PYTHONNOUSERSITE: undefined,
  };
}

export interface Install {
  /** The start of the command: `python3 -m pip`. */
  readonly pip: readonly string[];
  /** A file that names every wheel by its hash. */
  readonly lock: string;
  readonly target: string;
  /** A folder of wheels that takes the place of the package index. */
  readonly wheels?: string | undefined;
}

const RULES = ['--no-deps', '--require-hashes', '--only-binary', ':all:', '--quiet'];

/**
 * Installs the wheels of a lock into a folder.
 * @returns pip's complaint, or undefined when all went well.
 */
export async function pipInstall(install: Install, options: RunOptions): Promise<string | undefined> {
  const { pip, lock, target, wheels } = install;
  const from = wheels === undefined ? [] : ['--no-index', '--find-links', wheels];
  const words = [...RULES, '--no-compile', ...from, '--target', target, '-r', lock];
  const ended = await run([...pip, 'install', ...words], options);
  return ended.exitCode === 0 ? undefined : complaint(ended.stderr || ended.stdout);
}

/** Puts the wheels of a lock into a folder, as they are. Returns as `pipInstall` does. */
export async function pipDownload(
  { pip, lock, target }: Install,
  options: RunOptions,
): Promise<string | undefined> {
  const ended = await run([...pip, 'download', ...RULES, '--dest', target, '-r', lock], options);
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
    return 'The tools need about 360 MB; free some space, or set XDG_CACHE_HOME to a folder on another disk.';
  }
  if (/DO NOT MATCH THE HASHES/i.test(said)) {
    return 'A download differs from the pinned file: look for a proxy or an index that changes files, then try again.';
  }
  if (/Retrying|timed out|Connection|resolve|SSL|proxy/i.test(said)) {
    return 'pip reached no package index: check the network, or set PIP_INDEX_URL or HTTPS_PROXY to a mirror or proxy.';
  }
  if (/No matching distribution|not a supported wheel/.test(said)) {
    return 'Wheels are pinned for Linux on x86_64 and aarch64 (glibc 2.28 or newer) with CPython 3.10 to 3.14.';
  }
  return "Run `dyn-slurm setup` again; finished downloads are kept in pip's cache.";
}

export function pipFailed(what: string, said: string): DynSlurmError {
  return new DynSlurmError('preflight', `pip could not install ${what}:\n  ${said}`, { hint: advice(said) });
}
