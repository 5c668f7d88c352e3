import type { ConfigEntry, ConfigMap } from '../../config/yaml/tree.ts';
import type { Findings } from '../finding.ts';
import { spelled } from '../keys.ts';
import { scalar } from '../tree.ts';
import { overlay } from './overlay.ts';
import { combinations } from './sweep.ts';
import { unzip } from './zip.ts';

/** One recipe of a file. */
export interface Variant {
  /** `override_mtp`, `zip_override_scale[1]`, `base`, or of a sweep its values; undefined where the file is one recipe. */
  readonly selector: string | undefined;
  /** What the variant is called among those of its file: `mtp`, `scale_1`. */
  readonly suffix: string | undefined;
  readonly map: ConfigMap;
}

/** The recipes of a file. */
export interface Variants {
  /** Those that the file submits: without a selector all but its base. */
  readonly variants: readonly Variant[];
  /** What they have in common, where the file says so. */
  readonly base: Variant | undefined;
}

/** Expands a file's overrides or its sweep. `selector`: one of them, or a pattern with `*`. */
export function expand(root: ConfigMap, selector: string | undefined, findings: Findings): Variants {
  const all = root.entries.has('base') ? overrides(root, findings) : swept(root, findings);
  if (selector === undefined || findings.refused) return all;
  const named = [...(all.base ? [all.base] : []), ...all.variants];
  const chosen = named.filter((one) => one.selector !== undefined && matches(one.selector, selector));
  if (chosen.length === 0) {
    const known = named.flatMap((one) => one.selector ?? []);
    const hint =
      known.length > 0 ? `it has ${known.slice(0, 20).join(', ')}` : 'it is one recipe, without variants';
    findings.refuse(
      { range: { ...root.range, length: 1 }, path: [] },
      `no variant is called ${selector}`,
      hint,
    );
  }
  return { ...all, variants: chosen };
}

/** `zip_override_x` means all of its variants. */
function matches(selector: string, pattern: string): boolean {
  const form = pattern
    .split('*')
    .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
    .join('.*');
  return [selector, selector.replace(/\[\d+\]$/, '')].some((one) => new RegExp(`^${form}$`).test(one));
}

function overrides(root: ConfigMap, findings: Findings): Variants {
  const base = root.entries.get('base') as ConfigEntry;
  if (base.value.kind !== 'map') {
    findings.refuse(base, 'must be a map: the recipe that the overrides change');
    return { variants: [], base: undefined };
  }
  const schema = root.entries.get('schema');
  const common: ConfigMap =
    schema && !base.value.entries.has('schema')
      ? { ...base.value, entries: new Map([['schema', schema], ...base.value.entries]) }
      : base.value;
  const variants = [...root.entries].flatMap(([key, entry]): readonly Variant[] => {
    if (key === 'base' || key === 'schema' || key === 'lock') return [];
    if (key.startsWith('zip_override_')) return zipped(key, entry, common, findings);
    if (key.startsWith('override_')) return overridden(key, entry, common, findings);
    findings.lose(entry, 'stands beside `base` without being an override, so srt-slurm ignores it');
    return [];
  });
  const own: Variant = { selector: 'base', suffix: undefined, map: common };
  if (variants.length > 0 || findings.refused) return { variants, base: own };
  findings.note(
    base,
    'has no override beside it, so srt-slurm runs it only if it is selected; this is the base',
  );
  return { variants: [own], base: own };
}

function overridden(
  key: string,
  entry: ConfigEntry,
  base: ConfigMap,
  findings: Findings,
): readonly Variant[] {
  const suffix = key.slice('override_'.length);
  if (entry.value.kind === 'scalar' && entry.value.value === null)
    return [{ selector: key, suffix, map: named(base, suffix, entry) }];
  if (entry.value.kind !== 'map') {
    findings.refuse(entry, 'must be a map of keys to override');
    return [];
  }
  const own = entry.value.entries.has('name');
  const map = overlay(base, entry.value);
  return [{ selector: key, suffix, map: own ? map : named(map, suffix, entry) }];
}

function zipped(key: string, entry: ConfigEntry, base: ConfigMap, findings: Findings): readonly Variant[] {
  const stem = key.slice('zip_override_'.length);
  const names = entry.value.kind === 'map' && entry.value.entries.get('name')?.value.kind === 'list';
  return (unzip(entry, findings) ?? []).map((upper, index) => {
    const suffix = `${stem}_${index}`;
    const map = overlay(base, upper);
    // One name for all would name none of them.
    return { selector: `${key}[${index}]`, suffix, map: names ? map : named(map, suffix, entry, base) };
  });
}

/** With the name of its base and a suffix. */
function named(map: ConfigMap, suffix: string, from: ConfigEntry, base: ConfigMap = map): ConfigMap {
  const name = base.entries.get('name');
  if (name?.value.kind !== 'scalar') return map;
  const value = scalar(`${spelled(name.value)}_${suffix}`, name.value.range);
  return { ...map, entries: new Map(map.entries).set('name', { ...from, path: name.path, value }) };
}

function swept(root: ConfigMap, findings: Findings): Variants {
  const sweep = root.entries.get('sweep');
  if (sweep === undefined)
    return { variants: [{ selector: undefined, suffix: undefined, map: root }], base: undefined };
  const variants = combinations(root, findings).map(({ suffix, map }) => ({
    selector: suffix,
    suffix,
    map: named(map, suffix, sweep),
  }));
  return { variants, base: undefined };
}
