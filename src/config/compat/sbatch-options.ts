/**
 * Long names of sbatch's options, from Slurm 20.11 to 26.05: `sbatch --help` and the man page. Plugins of a site may add
 * others.
 */
const OPTIONS: readonly string[] = `
  account acctg-freq array batch bb bbf begin chdir cluster-constraint clusters comment consolidate-segments constraint
  container container-id contiguous core-spec cores-per-socket cpu-freq cpus-per-gpu cpus-per-task deadline delay-boot
  dependency distribution error exclude exclusive export export-file extra extra-node-info get-user-env gid gpu-bind
  gpu-freq gpus gpus-per-node gpus-per-socket gpus-per-task gres gres-flags help hint hold ignore-pbs input job-name
  kill-on-invalid-dep licenses mail-type mail-user mcs-label mem mem-bind mem-per-cpu mem-per-gpu mincpus network nice
  no-kill no-requeue nodefile nodelist nodes ntasks ntasks-per-core ntasks-per-gpu ntasks-per-node ntasks-per-socket
  oom-kill-step open-mode output overcommit oversubscribe parsable partition power prefer priority profile propagate qos
  quiet reboot requeue reservation resv-ports segment signal sockets-per-node spread-job stepmgr switches test-only
  thread-spec threads-per-core time time-min tmp tres-bind tres-per-job tres-per-node tres-per-socket tres-per-task uid usage use-min-nodes verbose version wait
  wait-all-nodes wckey wrap
`
  .trim()
  .split(/\s+/);

/** Second names: `long_options` of slurm_opt.c, tried with 22.05. */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ['cluster', 'clusters'],
  ['ntasks-per-tres', 'ntasks-per-gpu'],
  ['tasks', 'ntasks'],
  ['tasks-per-node', 'ntasks-per-node'],
]);

/** What stands between the parts of options that take a list. */
const SEPARATORS: ReadonlyMap<string, string> = new Map([
  ['clusters', ','],
  ['constraint', '&'],
  ['dependency', ','],
  ['exclude', ','],
  ['gres', ','],
  ['gres-flags', ','],
  ['licenses', ','],
  ['mail-type', ','],
  ['network', ','],
  ['nodelist', ','],
  ['tres-per-task', ','],
]);

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
  if (OPTIONS.includes(name)) return { option: name, known: true };
  const begun = OPTIONS.filter((option) => option.startsWith(name));
  const [only] = begun;
  if (begun.length > 1) return { ambiguous: begun };
  return only === undefined ? { option: name, known: false } : { option: only, known: true };
}

export const SBATCH_OPTIONS: readonly string[] = OPTIONS;

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
