import type { SourceRange } from '../../config/yaml/source-range.ts';
import type { ConfigEntry, ConfigValue } from '../../config/yaml/tree.ts';
import { spelled } from '../keys.ts';
import { scalar } from '../tree.ts';

/**
 * JSON in a text as the map that it is, where a program would be given the same JSON again: the same keys in the same order,
 * and the same numbers. Else undefined.
 */
export function jsonMap(text: string, range: SourceRange): ConfigValue | undefined {
  if (!/^\s*\{/.test(text)) return undefined;
  try {
    const parsed: unknown = JSON.parse(text);
    // Between strings JSON may have blanks.
    const dense = text.replace(/("(?:[^"\\]|\\.)*")|\s+/g, (_, string: string | undefined) => string ?? '');
    if (JSON.stringify(parsed) !== dense.replace(/("(?:[^"\\]|\\.)*")/g, canonical)) return undefined;
    return holdsForbidden(parsed) ? undefined : treeOf(parsed, range);
  } catch {
    return undefined;
  }
}

/** A JSON string as JavaScript writes it. */
function canonical(string: string): string {
  return JSON.stringify(JSON.parse(string));
}

/** Keys that a config cannot have; and JSON of an argument that looks like a reference to a secret. */
function holdsForbidden(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(
    ([key, inner]) =>
      ['__proto__', 'constructor', 'prototype', '<<', '', 'from_env', 'from_file'].includes(key) ||
      holdsForbidden(inner),
  );
}

function treeOf(value: unknown, range: SourceRange): ConfigValue {
  if (Array.isArray(value)) return { kind: 'list', items: value.map((item) => treeOf(item, range)), range };
  if (typeof value !== 'object' || value === null)
    return scalar(value as string | number | boolean | null, range);
  const entries = Object.entries(value).map(([key, inner]): [string, ConfigEntry] => [
    key,
    { path: [], range, value: treeOf(inner, range) },
  ]);
  return { kind: 'map', entries: new Map(entries), range };
}

/** A value as YAML 1.2 has to spell it, so that it stays what YAML 1.1 reads: `yes` is true, `010` is 8. */
export function modern(value: ConfigValue): ConfigValue {
  switch (value.kind) {
    case 'scalar':
      if (typeof value.value === 'boolean' || value.value === null) return scalar(value.value, value.range);
      if (typeof value.value === 'number')
        return scalar(value.value, value.range, numberText(value.value, spelled(value)));
      return scalar(value.value, value.range);
    case 'list':
      return { ...value, items: value.items.map(modern) };
    case 'map': {
      const entries = [...value.entries].map(([key, entry]): [string, ConfigEntry] => [
        key,
        { ...entry, value: modern(entry.value) },
      ]);
      return { ...value, entries: new Map(entries) };
    }
  }
}

/** A number in a spelling that YAML 1.2 reads as the same number. */
function numberText(value: number, written: string): string {
  return /^[-+]?(0|[1-9]\d*)(\.\d*)?([eE][-+]?\d+)?$/.test(written) ||
    /^[-+]?\.\d+([eE][-+]?\d+)?$/.test(written)
    ? written
    : String(value);
}

/** `/model`, where srt-slurm mounts the model, and what lies in it. */
const MOUNTED = /^\/model(?=\/|$)/;

export function isMounted(text: string): boolean {
  return MOUNTED.test(text);
}

/** A path of srt-slurm's mount as one on the nodes. */
export function onNodes(text: string, model: string): string {
  const rest = text.replace(MOUNTED, '').replace(/\/+$/, '');
  return `${model.replace(/\/+$/, '')}${rest}`;
}
