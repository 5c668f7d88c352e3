import type { ConfigEntry } from './tree.ts';

/** The comments of a file, by the keys that they stand at. */
export class Comments {
  readonly #lines: readonly string[];
  /** Lines whose comments have been given, so that none comes twice. */
  readonly #given = new Set<number>();

  constructor(text: string) {
    this.#lines = text.replace(/^\ufeff/, '').split(/\r?\n/);
  }

  /** The block before the first key, without the marks. */
  header(): readonly string[] {
    const first = this.#lines.findIndex((line) => !/^\s*(#.*)?$/.test(line));
    const lines = first < 0 ? this.#lines : this.#lines.slice(0, first);
    // What stands right above the first key is the header too.
    for (const index of lines.keys()) this.#given.add(index);
    return trimmed(lines.map(unmarked));
  }

  /** The lines right above a key, without the marks. */
  above({ range, path }: ConfigEntry): readonly string[] {
    if (path.length === 0) return [];
    const found: string[] = [];
    for (let index = range.line - 2; index >= 0 && /^\s*#/.test(this.#lines[index] ?? ''); index -= 1) {
      if (this.#given.has(index)) break;
      this.#given.add(index);
      found.unshift(unmarked(this.#lines[index] ?? ''));
    }
    return found;
  }

  /** What stands behind a key, or behind its value where that is one line. */
  beside({ range, path, value }: ConfigEntry): string | undefined {
    if (path.length === 0) return undefined;
    const index = range.line - 1;
    if (this.#given.has(index) || value.range.line !== range.line) return undefined;
    const end = value.kind === 'scalar' ? value.range : range;
    const rest = (this.#lines[index] ?? '').slice(end.column - 1 + end.length);
    const [, comment] = /^:?\s+#\s?(.*)$/.exec(rest) ?? [];
    if (comment === undefined) return undefined;
    this.#given.add(index);
    return comment.trimEnd();
  }
}

function unmarked(line: string): string {
  return line.replace(/^\s*# ?/, '').trimEnd();
}

function trimmed(lines: readonly string[]): readonly string[] {
  const from = lines.findIndex((line) => line !== '');
  const to = lines.findLastIndex((line) => line !== '');
  return from < 0 ? [] : lines.slice(from, to + 1);
}
