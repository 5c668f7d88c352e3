import { MOST_JOBS } from '../../config/sweep.ts';
import type { ConfigEntry, ConfigMap, ConfigScalar, ConfigValue } from '../../config/yaml/tree.ts';
import type { Findings } from '../finding.ts';
import { spelled } from '../keys.ts';
import { scalar } from '../tree.ts';

/** One combination of a sweep's values. */
export interface Combination {
  /** `c4_m16`. */
  readonly suffix: string;
  readonly map: ConfigMap;
}

/**
 * The recipes that a `sweep` stands for: every combination of its values, each `{name}` in a value replaced. A value that is
 * nothing but `{name}` keeps the type of what takes its place.
 */
export function combinations(root: ConfigMap, findings: Findings): readonly Combination[] {
  const entry = root.entries.get('sweep');
  const entries = new Map(root.entries);
  entries.delete('sweep');
  const rest: ConfigMap = { ...root, entries };
  if (entry?.value.kind !== 'map') {
    if (entry !== undefined) findings.refuse(entry, 'must be a map of names to lists of values');
    return [];
  }
  let found: readonly ReadonlyMap<string, ConfigValue>[] = [new Map()];
  for (const [name, parameter] of entry.value.entries) {
    const values = parameter.value.kind === 'list' ? parameter.value.items : [parameter.value];
    if (values.length === 0) findings.refuse(parameter, 'is an empty list, so the sweep has no job');
    if (!uses(rest, `{${name}}`))
      findings.note(parameter, `no value contains {${name}}, so its jobs differ in their names alone`);
    if (found.length * values.length > MOST_JOBS) {
      findings.refuse(entry, `stands for more than ${MOST_JOBS} jobs`, 'sweep fewer values');
      return [];
    }
    found = found.flatMap((before) => values.map((value) => new Map(before).set(name, value)));
  }
  return found.map((values) => ({
    suffix: [...values].map(([name, value]) => `${name}${flat(value)}`).join('_'),
    map: filled(rest, values) as ConfigMap,
  }));
}

function uses(value: ConfigValue, placeholder: string): boolean {
  if (value.kind === 'scalar') return typeof value.value === 'string' && value.value.includes(placeholder);
  if (value.kind === 'list') return value.items.some((item) => uses(item, placeholder));
  return [...value.entries.values()].some((entry) => uses(entry.value, placeholder));
}

function filled(value: ConfigValue, values: ReadonlyMap<string, ConfigValue>): ConfigValue {
  if (value.kind === 'scalar') return filledText(value, values);
  if (value.kind === 'list') return { ...value, items: value.items.map((item) => filled(item, values)) };
  const entries = [...value.entries].map(([key, entry]): [string, ConfigEntry] => [
    key,
    { ...entry, value: filled(entry.value, values) },
  ]);
  return { ...value, entries: new Map(entries) };
}

function filledText(value: ConfigScalar, values: ReadonlyMap<string, ConfigValue>): ConfigValue {
  if (typeof value.value !== 'string') return value;
  const whole = values.get(/^\{(.+)\}$/.exec(value.value)?.[1] ?? '');
  // It stays where the placeholder stands.
  if (whole !== undefined) return { ...whole, range: value.range };
  let text = value.value;
  for (const [name, one] of values) text = text.replaceAll(`{${name}}`, () => flat(one));
  return text === value.value ? value : scalar(text, value.range);
}

function flat(value: ConfigValue): string {
  if (value.kind === 'scalar') return spelled(value);
  return value.kind === 'list' ? value.items.map(flat).join(',') : '';
}
