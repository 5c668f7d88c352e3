import type { ConfigEntry } from '../../config/yaml/tree.ts';
import type { Findings } from '../finding.ts';
import { type Found, isNull, type Keys } from '../keys.ts';
import type { RecipeSlurm } from './recipe.ts';

/** What Slurm is asked for: `slurm`, `sbatch_directives` and `srun_options`. */
export function readSlurm(root: Keys): RecipeSlurm {
  const keys = root.section('slurm');
  const slurm = {
    account: keys.text('account'),
    partition: keys.text('partition'),
    time: timeOf(keys),
    directives: root.entries('sbatch_directives'),
    srun: root.entries('srun_options'),
  };
  keys.finish();
  return slurm;
}

/** As written: YAML 1.1 reads `8:00:00` without quotes as the number 28800. */
function timeOf(keys: Keys): Found<string> | undefined {
  const found = keys.text('time_limit') ?? keys.text('time');
  const value = found?.entry.value;
  return found && value?.kind === 'scalar' && value.written.includes(':')
    ? { ...found, value: value.written }
    : found;
}

/** `container_mounts`, a map, and `extra_mount`, a list of `HOST:CONTAINER`. */
export function readMounts(root: Keys, findings: Findings): readonly Found<string>[] {
  const mapped = mountsIn(root.entries('container_mounts'));
  const entry = root.take('extra_mount');
  if (entry === undefined || isNull(entry.value)) return mapped;
  if (entry.value.kind !== 'list') {
    findings.lose(entry, 'must be a list of HOST:CONTAINER');
    return mapped;
  }
  const listed = entry.value.items.flatMap((item, index) =>
    item.kind === 'scalar' && typeof item.value === 'string'
      ? [{ value: item.value, entry: { range: item.range, path: [...entry.path, index], value: item } }]
      : [],
  );
  return [...mapped, ...listed];
}

/** Reads a map of folders on the host to folders in the container. */
export function mountsIn(entries: readonly ConfigEntry[]): readonly Found<string>[] {
  return entries.flatMap((entry) =>
    entry.value.kind === 'scalar' ? [{ value: `${entry.path.at(-1)}:${entry.value.value}`, entry }] : [],
  );
}

/** Seconds: `max_attempts` times `interval_seconds`, 180 and 10 where one of them is missing. */
export function readHealth(root: Keys, key = 'health_check'): Found<number> | undefined {
  const keys = root.section(key);
  const attempts = keys.count('max_attempts');
  const interval = keys.number('interval_seconds');
  keys.ignore(
    ['fatal_log_markers', 'extra_fatal_log_patterns'],
    'dyn-slurm watches the logs for what ends a worker by itself',
  );
  keys.finish();
  const entry = attempts?.entry ?? interval?.entry;
  return entry && { value: (attempts?.value ?? 180) * (interval?.value ?? 10), entry };
}
