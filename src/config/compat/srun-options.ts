import options from './srun-options.json' with { type: 'json' };

/**
 * Long names of srun's options, from Slurm 20.11 to 26.05, and those of pyxis 0.21: their man page and `srun --help`. Other
 * plugins of a site may add more.
 */
export const SRUN_OPTIONS: readonly string[] = [...options.names.split(' '), ...options.pyxis.split(' ')];

const PYXIS: ReadonlySet<string> = new Set(options.pyxis.split(' '));
const ALIASES = new Map(Object.entries(options.aliases));

/** Options that dyn-slurm writes, with the key that sets each; '' where none does. */
export const MANAGED_SRUN_OPTIONS: ReadonlyMap<string, string> = new Map(Object.entries(options.managed));

/** Options that a step of a service cannot have, with what they would do. */
export const HARMFUL_SRUN_OPTIONS: ReadonlyMap<string, string> = new Map(Object.entries(options.harmful));

/** The option that a name means; srun takes no beginnings of names where a plugin has its own. */
export function srunOption(name: string): { readonly option: string; readonly known: boolean } {
  const option = ALIASES.get(name) ?? name;
  return { option, known: SRUN_OPTIONS.includes(option) };
}

/** Whether it says something of a container. */
export function isPyxisOption(name: string): boolean {
  return PYXIS.has(name);
}
