type Environment = Readonly<Record<string, string | undefined>>;

/**
 * What Slurm's commands need of the caller's environment. Everything else stays out: SLURM_*, SBATCH_*, SRUN_*, PMI_*
 * and PMIX_* of a surrounding allocation would steer the new job (goodfire-ai/spd#955), and tokens are nobody's business.
 * LD_LIBRARY_PATH is here because sites' Slurm modules set it.
 */
export const INHERITED: readonly string[] = [
  'HOME',
  'KRB5CCNAME',
  'LANG',
  'LC_ALL',
  'LD_LIBRARY_PATH',
  'LOGNAME',
  'SLURM_CONF',
  'TMPDIR',
  'TZ',
  'USER',
];

export const SYSTEM_PATH = '/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin';

/** The environment of a host's commands: inherited names, `extra`, and `folders` in front of PATH. */
export function commandEnvironment(
  env: Environment,
  folders: readonly string[],
  extra: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const inherited = INHERITED.flatMap((name) => {
    const value = env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    ...Object.fromEntries(inherited),
    ...extra,
    PATH: [...folders, env.PATH || SYSTEM_PATH].join(':'),
  };
}
