import options from './sbatch-options.json' with { type: 'json' };

/**
 * Long names of sbatch's options, from Slurm 20.11 to 26.05: `sbatch --help` and the man page. Plugins of a site may add
 * others.
 */
export const SBATCH_OPTIONS: readonly string[] = options.names.split(' ');

/** Second names: `long_options` of slurm_opt.c, tried with 22.05. */
const ALIASES = tableOf(options.aliases);

/** What stands between the parts of options that take a list. */
const SEPARATORS = tableOf(options.separators);

/** Options that dyn-slurm writes, or that change what sbatch does, with the key that sets each; '' where none does. */
export const MANAGED_OPTIONS = tableOf(options.managed);

/** They exclude each other. */
export const MEMORY_OPTIONS: readonly string[] = ['mem', 'mem-per-cpu', 'mem-per-gpu'];

function tableOf(values: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  return new Map(Object.entries(values));
}

/**
 * The option that a name means. getopt_long takes any beginning of a name that no other option has; a name that begins
 * several is `ambiguous`, and one that begins none is a plugin's, or a mistake.
 */
export type OptionName =
  | { readonly option: string; readonly known: boolean }
  | { readonly ambiguous: readonly string[] };

export function sbatchOption(name: string): OptionName {
  const alias = ALIASES.get(name);
  if (alias !== undefined) return { option: alias, known: true };
  if (SBATCH_OPTIONS.includes(name)) return { option: name, known: true };
  const begun = SBATCH_OPTIONS.filter((option) => option.startsWith(name));
  const [only] = begun;
  if (begun.length > 1) return { ambiguous: begun };
  return only === undefined ? { option: name, known: false } : { option: only, known: true };
}

export type DirectiveValue = string | number | true;

/**
 * Directives by the full names of their options. Values of an option that takes a list are joined; of other options the
 * first counts, for a rule refuses a second.
 */
export function directiveOptions(
  given: Readonly<Record<string, DirectiveValue>>,
): ReadonlyMap<string, DirectiveValue> {
  const options = new Map<string, DirectiveValue>();
  for (const [name, value] of Object.entries(given)) {
    const found = sbatchOption(name);
    if ('ambiguous' in found) continue;
    options.set(found.option, joinValues(found.option, options.get(found.option), value));
  }
  return options;
}

/** Two values of one option as one. */
export function joinValues(
  option: string,
  first: DirectiveValue | undefined,
  second: DirectiveValue,
): DirectiveValue {
  const separator = SEPARATORS.get(option);
  if (first === undefined) return second;
  return separator === undefined || first === second ? first : `${first}${separator}${second}`;
}

export function takesList(option: string): boolean {
  return SEPARATORS.has(option);
}

/**
 * Options that go onto sbatch's command line, where dyn-slurm writes a part of them: the mark in the comment by which a
 * job is found again, the jobs that it waits for, and bad nodes.
 */
export const COMMAND_LINE_OPTIONS = ['comment', 'dependency', 'exclude', 'kill-on-invalid-dep'] as const;
