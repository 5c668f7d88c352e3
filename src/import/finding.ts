import type { Diagnostic } from '../config/yaml/diagnostic.ts';
import { type ConfigPath, pathText, type SourceRange } from '../config/yaml/source-range.ts';

/**
 * What an import has to say about one place of a recipe.
 *
 * - `refused`: the recipe cannot be imported with it.
 * - `lost`: it is not in the imported config, and the service or its measurement may differ until somebody acts.
 * - `site`: it is carried as it is, and holds only where the recipe was written.
 * - `note`: it is carried in another form, or had no effect on what runs.
 */
export interface Finding extends SourceRange {
  readonly kind: 'refused' | 'lost' | 'site' | 'note';
  /** As the recipe spells it: `backend.sglang_config.prefill.tp-size`. */
  readonly path: string;
  readonly message: string;
  /** What to do about it, as one sentence. */
  readonly hint?: string;
}

/** A place of a recipe: a key or an item, and its path. */
export interface Place {
  readonly range: SourceRange;
  readonly path: ConfigPath;
}

/** Collects what is found, each thing once. */
export class Findings {
  readonly #found = new Map<string, Finding>();

  add(kind: Finding['kind'], { range, path }: Place, message: string, hint?: string): void {
    this.#keep({ kind, ...range, path: pathText(path), message, ...(hint && { hint }) });
  }

  /** What is wrong with a file as YAML; a warning is a note. */
  addDiagnostic({ severity, file, line, column, length, path, message, hint }: Diagnostic): void {
    const kind = severity === 'error' ? 'refused' : 'note';
    this.#keep({ kind, file, line, column, length, path, message, ...(hint && { hint }) });
  }

  #keep(finding: Finding): void {
    const { line, column, path, message } = finding;
    this.#found.set(`${line}:${column} ${path} ${message}`, finding);
  }

  refuse(place: Place, message: string, hint?: string): void {
    this.add('refused', place, message, hint);
  }

  lose(place: Place, message: string, hint?: string): void {
    this.add('lost', place, message, hint);
  }

  site(place: Place, message: string, hint?: string): void {
    this.add('site', place, message, hint);
  }

  note(place: Place, message: string, hint?: string): void {
    this.add('note', place, message, hint);
  }

  get all(): readonly Finding[] {
    return [...this.#found.values()].sort((a, b) => a.line - b.line || a.column - b.column);
  }

  get refused(): boolean {
    return [...this.#found.values()].some(({ kind }) => kind === 'refused');
  }
}
