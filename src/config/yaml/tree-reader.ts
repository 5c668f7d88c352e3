import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  type Scalar,
} from 'yaml';
import type { Fault } from './problem.ts';
import { type ConfigPath, quoted, type RangeOf, type SourceRange } from './source-range.ts';
import { DEEPEST } from './syntax.ts';
import type { ConfigEntry, ConfigMap, ConfigScalar, ConfigValue } from './tree.ts';
import { readYaml11 } from './yaml11.ts';

/** Values of one file, aliases expanded. The bound stops alias bombs, whose text is short. */
const MOST_VALUES = 20_000;

/** Tags that only say what a value is anyway. */
const CORE_TAG = /^tag:yaml\.org,2002:(map|seq|str|null|bool|int|float)$/;

/** Names that reach JavaScript's prototypes. */
export const FORBIDDEN_KEYS = new Set(['__proto__', 'constructor', 'prototype']);

export type Report = (
  range: SourceRange,
  path: ConfigPath,
  message: string,
  hint?: string,
  severity?: 'error' | 'warning',
) => void;

/** A document as a tree with places. Keys and values that cannot stand are reported and left out. */
export class TreeReader {
  readonly #range: RangeOf;
  readonly #report: Report;
  readonly #foreign: boolean;
  readonly #anchors = new Map<string, Node>();
  /** Anchored values that are being read: an alias to one of them has no end. */
  readonly #open = new Set<Node>();
  /** Offsets of the tags (start and end), in order. */
  readonly #tags: readonly (readonly [number, number])[];
  #values = 0;
  /** The alias whose expansion is being read, the outermost one. */
  #alias: { readonly range: SourceRange; readonly path: ConfigPath } | undefined;
  /** The budget is used up, which was reported once. */
  #stopped = false;

  /** `foreign`: see FileKind in parse.ts. */
  constructor({ errors, warnings }: Document.Parsed, range: RangeOf, report: Report, foreign = false) {
    this.#range = range;
    this.#report = report;
    this.#foreign = foreign;
    this.#tags = [...errors, ...warnings]
      .filter(({ code }) => code === 'TAG_RESOLVE_FAILED')
      .map(({ pos }) => pos)
      .sort(([one], [other]) => one - other);
  }

  /** Undefined where nothing is left to check. `path`: of the document's value, where it is a part of something. */
  read({ contents }: Document.Parsed, path: ConfigPath = []): ConfigValue | undefined {
    if (contents === null) return undefined;
    const value = this.#value(contents, path, this.#placeOf(contents));
    return this.#stopped ? undefined : value;
  }

  /** `range` stands in for a value without text, and is where an alias stands rather than its anchor. */
  #value(node: Node | null, path: ConfigPath, range: SourceRange): ConfigValue | undefined {
    if (!this.#spend(range, path)) return undefined;
    if (node === null) return { kind: 'scalar', value: null, written: '', range };
    if (isAlias(node)) return this.#expand(node, path, range);
    if (!(isScalar(node) || isMap(node) || isSeq(node))) return undefined;
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, node);
    if (this.#isTagged(node, path)) return undefined;
    if (isScalar(node)) return this.#scalar(node, path, range);
    this.#open.add(node);
    const value: ConfigValue = isMap(node)
      ? { kind: 'map', entries: this.#entries(node.items as readonly Pair[], path), range }
      : { kind: 'list', items: this.#items(node.items as readonly Node[], path), range };
    this.#open.delete(node);
    return value;
  }

  #items(nodes: readonly Node[], path: ConfigPath): readonly ConfigValue[] {
    return nodes.flatMap((node, index) => {
      if (this.#stopped) return [];
      return this.#value(node, [...path, index], this.#placeOf(node)) ?? [];
    });
  }

  #entries(pairs: readonly Pair[], path: ConfigPath): Map<string, ConfigEntry> {
    const entries = new Map<string, ConfigEntry>();
    const merged: ConfigMap[] = [];
    for (const { key, value } of pairs as readonly { key: Node | null; value: Node | null }[]) {
      if (this.#stopped) break;
      if (isMergeKey(key)) {
        merged.push(...this.#mergeSources(value, path, this.#placeOf(key)));
        continue;
      }
      const name = this.#key(key, path);
      if (name === undefined) continue;
      const range = this.#placeOf(key as Node);
      const earlier = entries.get(name);
      if (earlier !== undefined) {
        const message = `is given twice; it is already on line ${earlier.range.line}`;
        if (!this.#foreign) {
          this.#report(range, [...path, name], message);
          continue;
        }
        this.#report(range, [...path, name], `${message}, and the last one counts`, undefined, 'warning');
      }
      const read = this.#value(value, [...path, name], hasText(value) ? this.#placeOf(value) : range);
      if (read !== undefined) entries.set(name, { path: [...path, name], range, value: read });
    }
    // `<<` fills in what the map does not say itself; of several sources the first wins.
    for (const source of merged) {
      for (const [name, entry] of source.entries) if (!entries.has(name)) entries.set(name, entry);
    }
    return entries;
  }

  #mergeSources(value: Node | null, path: ConfigPath, range: SourceRange): readonly ConfigMap[] {
    const nodes = isSeq(value) ? (value.items as readonly Node[]) : [value];
    return nodes.flatMap((node) => {
      const source = this.#value(node, path, node === null ? range : this.#placeOf(node));
      if (source?.kind === 'map') return [source];
      if (source !== undefined) this.#report(source.range, [...path, '<<'], 'must name a map: `<<: *anchor`');
      return [];
    });
  }

  #key(key: Node | null, path: ConfigPath): string | undefined {
    if (key === null) return undefined;
    const range = this.#placeOf(key);
    if (!isScalar(key)) {
      const brace = isMap(key) && key.flow === true;
      const hint = brace ? 'a value that starts with "{" needs quotes' : 'write "key: value"';
      return this.#refuse(range, path, { message: 'a key must be plain text', hint });
    }
    // As written, so that a key `010` or `yes` keeps its spelling.
    const name = typeof key.value === 'string' ? key.value : (key.source ?? '');
    if (name === '') return this.#refuse(range, path, { message: 'a key is missing before ":"' });
    if (this.#isTagged(key, [...path, name])) return undefined;
    if (!FORBIDDEN_KEYS.has(name)) return name;
    return this.#refuse(range, path, { message: `${quoted(name)} is not allowed as a key` });
  }

  #scalar(node: Scalar, path: ConfigPath, range: SourceRange): ConfigScalar | undefined {
    const { value, source: written = '' } = node;
    if (this.#foreign && node.type === 'PLAIN' && node.tag === undefined && !/[\n\r]/.test(written))
      return { kind: 'scalar', value: readYaml11(written), written, range };
    if (typeof value === 'number') {
      const fault = numberFault(value, written);
      return fault ? this.#refuse(range, path, fault) : { kind: 'scalar', value, written, range };
    }
    if (typeof value === 'boolean' || value === null) return { kind: 'scalar', value, written, range };
    const text = String(value);
    if (!/\u0000|\p{Surrogate}/u.test(text)) return { kind: 'scalar', value: text, written: text, range };
    const message = 'contains an escape for a character that is not allowed in text';
    return this.#refuse(range, path, { message });
  }

  /** A tag may mean code to run or another type; the value is then left out. */
  #isTagged(node: Node, path: ConfigPath): boolean {
    const { tag } = node as Scalar;
    if (tag === undefined || CORE_TAG.test(tag)) return false;
    const [start, end] = this.#tags.findLast(([from]) => from < (node.range?.[0] ?? 0)) ?? [0, 1];
    const known = 'values are text, numbers, true, false, lists and maps';
    this.#report(this.#range(start, end), path, `tags are not supported: ${known}`, 'delete the tag');
    return true;
  }

  #expand({ source }: Alias, path: ConfigPath, range: SourceRange): ConfigValue | undefined {
    const target = this.#anchors.get(source);
    if (target === undefined) {
      const hint = `mark a value above with &${source}`;
      return this.#refuse(range, path, { message: `*${source} has no anchor before it`, hint });
    }
    if (this.#open.has(target))
      return this.#refuse(range, path, { message: `*${source} refers to a value that contains it` });
    const outermost = this.#alias === undefined;
    if (outermost) this.#alias = { range, path };
    const value = this.#value(target, path, range);
    if (outermost) this.#alias = undefined;
    return value;
  }

  #spend(range: SourceRange, path: ConfigPath): boolean {
    if (this.#stopped) return false;
    this.#values += 1;
    if (this.#values <= MOST_VALUES && path.length <= DEEPEST) return true;
    this.#stopped = true;
    const at = this.#alias ?? { range, path };
    const message =
      path.length > DEEPEST
        ? `is nested deeper than ${DEEPEST} levels`
        : `expands the file to more than ${MOST_VALUES.toLocaleString('en')} values`;
    const hint = this.#alias && 'an alias counts as all values that it expands to';
    this.#report(at.range, at.path, message, hint);
    return false;
  }

  #refuse(range: SourceRange, path: ConfigPath, { message, hint }: Fault): undefined {
    this.#report(range, path, message, hint);
  }

  #placeOf({ range }: Node): SourceRange {
    const [start, end] = range ?? [0, 0];
    return this.#range(start, end);
  }
}

/**
 * YAML 1.1 read `010` as eight and YAML 1.2 reads ten; JavaScript rounds whole numbers above 2^53, and no program here
 * takes infinity. Each is refused rather than guessed.
 */
function numberFault(value: number, written: string): Fault | undefined {
  const hint = `write "${written}" in quotes if it is text`;
  if (!Number.isFinite(value)) return { message: `${written} is not a finite number`, hint };
  if (/^[-+]?0\d/.test(written)) {
    const message = `${written} has a leading zero, which some programs read as octal`;
    return { message, hint: `write ${value}, or "${written}" in quotes if it is text` };
  }
  if (!Number.isInteger(value) || Number.isSafeInteger(value)) return undefined;
  const shown = written.length > 32 ? `${written.slice(0, 31)}…` : written;
  const message = `${shown} is too large to be exact: the limit is 2^53`;
  return { message, hint: 'write it in quotes if it is text' };
}

function hasText(node: Node | null): node is Node {
  return node?.range != null && node.range[1] > node.range[0];
}

function isMergeKey(key: Node | null): key is Scalar {
  return isScalar(key) && key.value === '<<' && key.type === 'PLAIN';
}
