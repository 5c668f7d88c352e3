import { quoted } from '../config/yaml/source-range.ts';
import type { ConfigEntry, ConfigMap, ConfigScalar, ConfigValue } from '../config/yaml/tree.ts';
import type { Findings, Place } from './finding.ts';
import { isUnset, numberOf } from './value.ts';

/** A value of a recipe, and where it stands. */
export interface Found<Value> {
  readonly value: Value;
  readonly entry: ConfigEntry;
}

/** What a scalar is as text: as the file spells it, unless only YAML 1.1 reads that spelling so. */
export function spelled({ value, written }: ConfigScalar): string {
  if (typeof value !== 'number') return written;
  return /^[-+]?0[xob]/i.test(written) || Number(written) !== value ? String(value) : written;
}

/**
 * Takes the keys of one map of a recipe, each once and with a type; what nobody has taken is told at the end, so that nothing
 * is passed over.
 */
export class Keys {
  readonly place: Place;
  /** Absent where the recipe does not have the map. */
  readonly map: ConfigMap | undefined;
  readonly #findings: Findings;
  readonly #taken = new Set<string>();

  constructor(place: Place, map: ConfigMap | undefined, findings: Findings) {
    this.place = place;
    this.map = map;
    this.#findings = findings;
  }

  has(key: string): boolean {
    return this.map?.entries.has(key) ?? false;
  }

  take(key: string): ConfigEntry | undefined {
    this.#taken.add(key);
    return this.map?.entries.get(key);
  }

  /** The map under a key; `null` is an empty one. */
  section(key: string): Keys {
    const entry = this.take(key);
    return this.sectionOf(entry) ?? new Keys(entry ?? this.place, undefined, this.#findings);
  }

  /** An entry's map; undefined where it is missing or no map, which is then told. */
  sectionOf(entry: ConfigEntry | undefined): Keys | undefined {
    if (entry === undefined || isNull(entry.value)) return undefined;
    if (entry.value.kind === 'map') return new Keys(entry, entry.value, this.#findings);
    this.#findings.refuse(entry, `must be a map of keys, not ${whatIs(entry.value)}`);
    return undefined;
  }

  text(key: string): Found<string> | undefined {
    const entry = this.take(key);
    if (entry === undefined || isNull(entry.value)) return undefined;
    if (entry.value.kind === 'scalar') return { value: spelled(entry.value), entry };
    this.#findings.refuse(entry, `must be text, not ${whatIs(entry.value)}`);
    return undefined;
  }

  /** A whole number, also as text: `"8"`. */
  count(key: string): Found<number> | undefined {
    const entry = this.take(key);
    if (entry === undefined || isNull(entry.value)) return undefined;
    const number = entry.value.kind === 'scalar' ? numberOf(entry.value) : undefined;
    if (number !== undefined && Number.isSafeInteger(number) && number >= 0) return { value: number, entry };
    this.#findings.refuse(entry, `must be a whole number, not ${whatIs(entry.value)}`);
    return undefined;
  }

  number(key: string): Found<number> | undefined {
    const entry = this.take(key);
    if (entry === undefined || isNull(entry.value)) return undefined;
    const number = entry.value.kind === 'scalar' ? numberOf(entry.value) : undefined;
    if (number !== undefined && Number.isFinite(number)) return { value: number, entry };
    this.#findings.refuse(entry, `must be a number, not ${whatIs(entry.value)}`);
    return undefined;
  }

  /** True or false, also as text: `"true"`. */
  flag(key: string): Found<boolean> | undefined {
    const entry = this.take(key);
    if (entry === undefined || isNull(entry.value)) return undefined;
    const value = entry.value.kind === 'scalar' ? entry.value.value : undefined;
    if (typeof value === 'boolean') return { value, entry };
    if (/^(true|1)$/i.test(String(value))) return { value: true, entry };
    if (/^(false|0)$/i.test(String(value))) return { value: false, entry };
    this.#findings.refuse(entry, `must be true or false, not ${whatIs(entry.value)}`);
    return undefined;
  }

  /** The entries of a map of free names; none where it is missing or `null`. */
  entries(key: string): readonly ConfigEntry[] {
    return [...(this.section(key).map?.entries.values() ?? [])];
  }

  /** Keys that had no effect on what runs: each is a note. */
  ignore(keys: readonly string[], why: string): void {
    for (const key of keys) {
      const entry = this.take(key);
      if (entry !== undefined && !isNull(entry.value)) this.#findings.note(entry, why);
    }
  }

  /** Keys that the imported config cannot have. */
  lose(keys: readonly string[], why: string, hint?: string): void {
    for (const key of keys) {
      const entry = this.take(key);
      if (entry !== undefined && !isUnset(entry.value)) this.#findings.lose(entry, why, hint);
    }
  }

  /** Refuses what nobody has taken, unless it is empty. */
  refuseRest(why: string, hint?: string): void {
    for (const [key, entry] of this.map?.entries ?? []) {
      if (this.#taken.has(key)) continue;
      this.#taken.add(key);
      if (!isUnset(entry.value)) this.#findings.refuse(entry, why, hint);
    }
  }

  /** Tells of what nobody has taken. */
  finish(why = 'is not a key that this importer knows, and is not carried over'): void {
    for (const [key, entry] of this.map?.entries ?? []) {
      if (this.#taken.has(key)) continue;
      this.#taken.add(key);
      this.#findings.lose(entry, why, 'look up what it does, and set its counterpart by hand');
    }
  }
}

export function isNull(value: ConfigValue): boolean {
  return value.kind === 'scalar' && value.value === null;
}

/** A value in a message. */
export function whatIs(value: ConfigValue): string {
  if (value.kind === 'list') return 'a list';
  if (value.kind === 'map') return 'a map';
  if (value.value === null) return 'null';
  return typeof value.value === 'string' ? quoted(value.value) : value.written;
}
