import type { ConfigEntry } from '../../config/yaml/tree.ts';
import type { Findings } from '../finding.ts';
import { type Found, isNull, type Keys } from '../keys.ts';
import type { EngineName, RoleName } from './recipe.ts';

/** A role by its names: of this importer, of `resources` and `roles`, and of `backend`. */
export const NAMES: readonly (readonly [RoleName, string])[] = [
  ['prefill', 'prefill'],
  ['decode', 'decode'],
  ['aggregated', 'agg'],
];

/** `true` is for all roles that can; a map has one each. */
export function kvEvents(backend: Keys, engine: EngineName): ReadonlyMap<RoleName, ConfigEntry> {
  const entry = backend.take('kv_events_config');
  if (entry === undefined || isNull(entry.value)) return new Map();
  if (entry.value.kind === 'map') {
    const keys = backend.sectionOf(entry);
    const found = NAMES.flatMap(([role]) => {
      const one = keys?.take(role);
      return one === undefined ? [] : [[role, one] as const];
    });
    keys?.finish();
    return new Map(found);
  }
  const roles = NAMES.filter(([role]) => role !== 'aggregated' || engine === 'sglang');
  return new Map(roles.map(([role]) => [role, entry]));
}

export function isOn({ value }: ConfigEntry): boolean {
  return value.kind !== 'scalar' || (value.value !== null && value.value !== false);
}

/** `never`, `on-failure`, `always`, or a map with a policy; 3 times where it does not say. */
export function restartOf(own: Keys, findings: Findings): Found<number> | undefined {
  const entry = own.take('restart');
  if (entry === undefined || isNull(entry.value)) return undefined;
  const keys = entry.value.kind === 'map' ? own.sectionOf(entry) : undefined;
  const policy =
    entry.value.kind === 'scalar' ? String(entry.value.value) : (keys?.text('policy')?.value ?? 'never');
  const most = keys?.count('max_restarts')?.value ?? 3;
  keys?.lose(
    ['backoff_seconds', 'max_backoff_seconds'],
    'the delay before a restart cannot be set',
    'dyn-slurm waits 1 s, and longer each time, up to 1 min',
  );
  keys?.finish();
  if (!/^(never|false|on-failure|always|true)$/i.test(policy))
    findings.lose(
      entry,
      `${JSON.stringify(policy)} is not a policy of restarts`,
      'write restart as a number of times',
    );
  if (!/^(on-failure|always|true)$/i.test(policy) || most === 0) return undefined;
  if (/^always$/i.test(policy))
    findings.note(entry, 'dyn-slurm restarts a worker whenever it ends, as `always` asks');
  return { value: most, entry };
}

export function wordsOf(entry: ConfigEntry | undefined): readonly Found<string>[] {
  if (entry === undefined || isNull(entry.value)) return [];
  const items = entry.value.kind === 'list' ? entry.value.items : [entry.value];
  return items.flatMap((item) =>
    item.kind === 'scalar' && item.value !== null
      ? String(item.value)
          .split(/\s+/)
          .filter(Boolean)
          .map((value) => ({ value, entry: { ...entry, range: item.range } }))
      : [],
  );
}
