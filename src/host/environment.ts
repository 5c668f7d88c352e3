/** Variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * What Slurm's commands, and a job that starts from their environment, need of the caller's. Everything else stays out:
 * SLURM_*, SBATCH_*, SRUN_*, PMI_* and PMIX_* of a surrounding allocation would steer the new job (goodfire-ai/spd#955),
 * tokens are nobody's business, and a TMPDIR need not be there on the nodes. LD_LIBRARY_PATH is here because sites' Slurm
 * modules set it.
 */
export const INHERITED: readonly string[] = [
  'HOME',
  'KRB5CCNAME',
  'LANG',
  'LC_ALL',
  'LD_LIBRARY_PATH',
  'LOGNAME',
  'MODULEPATH',
  'MODULESHOME',
  'SHELL',
  'SLURM_CONF',
  'TZ',
  'USER',
];

export const SYSTEM_PATH = '/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin';

/** What steers Slurm's commands, or stands for an allocation that the caller is in. */
const STEERING = /^(SLURM|SBATCH|SRUN|SALLOC|PMI|PMIX|DYN_SLURM)_/;

/** All names of an environment but those that steer Slurm's commands. */
export function allNames(env: Environment): readonly string[] {
  return Object.keys(env).filter((name) => name === 'SLURM_CONF' || !STEERING.test(name));
}

/** The environment of a host's commands: inherited names, `extra`, and `folders` in front of PATH. */
export function commandEnvironment(
  env: Environment,
  folders: readonly string[],
  extra: Readonly<Record<string, string>> = {},
  names = INHERITED,
): Readonly<Record<string, string>> {
  const inherited = names.flatMap((name) => {
    const value = env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    ...Object.fromEntries(inherited),
    ...extra,
    PATH: [...folders, env.PATH || SYSTEM_PATH].join(':'),
  };
}
