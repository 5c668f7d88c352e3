import type { ConfigScalar, ConfigValue } from '../config/yaml/tree.ts';

/** `null`, `false`, and maps and lists without content. */
export function isUnset(value: ConfigValue): boolean {
  if (value.kind === 'scalar') return value.value === null || value.value === false;
  return value.kind === 'list' ? value.items.length === 0 : value.entries.size === 0;
}

/** A number, also as text: `"8"`. */
export function numberOf({ value }: ConfigScalar): number | undefined {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && /^\s*-?\d+(\.\d+)?\s*$/.test(value) ? Number(value) : undefined;
}
