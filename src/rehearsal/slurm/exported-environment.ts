import { join } from 'node:path';
import type { Environment } from './call.ts';
import type { Site } from './site.ts';

const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
/** What a login gives a user, in place of the environment that `--export=NONE` leaves behind. */
const LOGIN = ['HOME', 'USER', 'LOGNAME', 'SHELL', 'LANG'];

/** Folder with Slurm's programs for the nodes: wrappers that need no node on PATH. */
export function programDir(site: Site): string {
  return join(site.dir, 'bin');
}

/**
 * Of the submitting process, what a job starts from. `exported` is sbatch's --export: ALL, NONE, or names and
 * `NAME=value` pairs, which come on top of a login's environment, or of all with ALL among them.
 */
export function exportedEnvironment(
  env: Environment,
  exported: string | undefined,
  user: string,
  site: Site,
): Environment {
  const words = (exported ?? 'ALL').split(',');
  const all = words.some((word) => /^all$/i.test(word));
  const login = { USER: user, LOGNAME: user, ...pick(env, LOGIN), TMPDIR: '/tmp', PATH: SYSTEM_PATH };
  const base: Environment = all ? env : login;
  const path = [...nodeFolders(site), base.PATH || SYSTEM_PATH].join(':');
  return { ...base, ...listed(env, words), PATH: path };
}

/** What a node has on PATH before all else. */
function nodeFolders(site: Site): readonly string[] {
  return [site.nodeBin, programDir(site), ...site.path];
}

/** Puts that on PATH; see loginEnvironment. */
export function loginFile(site: Site): { readonly path: string; readonly text: string } {
  const folders = nodeFolders(site).map((folder) => `'${folder.replaceAll("'", "'\\''")}'`);
  return { path: join(site.dir, 'login.sh'), text: `PATH=${folders.join(':')}:$PATH\n` };
}

/**
 * The PATH of a login shell on a node is the node's, whatever it is given. Here it reads the machine's own profile, and
 * after that the file that BASH_ENV names.
 */
export function loginEnvironment(argv: readonly string[], site: Site): Environment {
  const [program = '', option] = argv;
  const isLogin = /(^|\/)bash$/.test(program) && (option === '-l' || option === '--login');
  return isLogin ? { BASH_ENV: loginFile(site).path } : {};
}

/** The named ones, and those given with a value. */
function listed(env: Environment, words: readonly string[]): Environment {
  const pairs = words
    .filter((word) => !/^(all|none|nil)$/i.test(word))
    .map((word): [string, string | undefined] => {
      const [, name = word, value] = /^([^=]*)=(.*)$/s.exec(word) ?? [];
      return [name, value ?? env[name]];
    });
  return Object.fromEntries(pairs.filter(([, value]) => value !== undefined));
}

/** srun's --export over its environment; Slurm's own variables always pass. */
export function stepBase(env: Environment, exported: string | undefined): Environment {
  const words = (exported ?? env.SLURM_EXPORT_ENV ?? 'ALL').split(',');
  if (words.some((word) => /^all$/i.test(word))) return { ...env, ...listed(env, words) };
  const slurm = Object.entries(env).filter(([name]) => name.startsWith('SLURM_') || name === 'TMPDIR');
  return { ...Object.fromEntries(slurm), ...listed(env, words) };
}

function pick(env: Environment, names: readonly string[]): Environment {
  return Object.fromEntries(names.filter((name) => env[name]).map((name) => [name, env[name]]));
}
