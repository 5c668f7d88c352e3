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

  /**
   * The lines above a key, without the marks: right above it, or at its indentation with blank lines between; and those above
   * the keys of the maps that begin with it.
   */
  above({ range, path }: ConfigEntry): readonly string[] {
    if (path.length === 0) return [];
    const found: string[] = [];
    let indent = indentOf(this.#lines[range.line - 1] ?? '');
    let isApart = false;
    for (let index = range.line - 2; index >= 0 && !this.#given.has(index); index -= 1) {
      const line = this.#lines[index] ?? '';
      if (/^\s*#/.test(line)) {
        if (isApart && indentOf(line) !== indent) break;
        if (isApart && found.length > 0) found.unshift('');
        this.#given.add(index);
        found.unshift(unmarked(line));
        isApart = false;
      } else if (line.trim() === '') isApart = true;
      else if (OPENS_MAP.test(line) && indentOf(line) < indent) {
        indent = indentOf(line);
        isApart = false;
      } else break;
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

/** A key with nothing behind it but an anchor or a comment. */
const OPENS_MAP = /^\s*[^\s#-][^:#]*:(\s+&\S+)?\s*(#.*)?$/;

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}

function unmarked(line: string): string {
  return line.replace(/^\s*# ?/, '').trimEnd();
}

function trimmed(lines: readonly string[]): readonly string[] {
  const from = lines.findIndex((line) => line !== '');
  const to = lines.findLastIndex((line) => line !== '');
  return from < 0 ? [] : lines.slice(from, to + 1);
}
