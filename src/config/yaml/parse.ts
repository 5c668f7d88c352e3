import type { Diagnostic } from './diagnostic.ts';
import { textFaults } from './raw-text.ts';
import { DEEPEST, readStream, type Stream } from './reader.ts';
import { type ConfigPath, pathText, type RangeOf, rangesIn, type SourceRange } from './source-range.ts';
import { syntaxFaults } from './syntax.ts';
import type { ConfigMap, ConfigValue } from './tree.ts';
import { TreeReader } from './tree-reader.ts';

/** Which of the three kinds of file a text is; they differ in what may be left out. */
export type FileKind = 'config' | 'topology' | 'profile';

export interface ParsedFile {
  readonly file: string;
  readonly text: string;
  /** Absent where the text is no YAML or no map at its root. */
  readonly root: ConfigMap | undefined;
  readonly diagnostics: readonly Diagnostic[];
  /** Paths whose values were left out because of a diagnostic. */
  readonly unread: readonly ConfigPath[];
}

/**
 * Reads one YAML file in bounded time and memory. Faults that leave the rest readable (a key given twice, a tag, a
 * number without an exact value) do not keep the root from being returned.
 */
export function parseYaml(file: string, text: string, kind: FileKind = 'config'): ParsedFile {
  const body = text.startsWith('\ufeff') ? text.slice(1) : text;
  const diagnostics: Diagnostic[] = [];
  const unread: ConfigPath[] = [];
  const report = (range: SourceRange, path: ConfigPath, message: string, hint?: string) => {
    diagnostics.push({ severity: 'error', ...range, path: pathText(path), message, ...(hint && { hint }) });
    unread.push(path);
  };
  const unreadable = textFaults(body);
  if (unreadable.length > 0) {
    // The lines of a large text are not worth counting: its fault is at its start.
    const range = rangesIn(file, body.slice(0, (unreadable.at(-1)?.end ?? 0) + 4096));
    for (const { start, end, message, hint } of unreadable) report(range(start, end), [], message, hint);
    return { file, text, root: undefined, diagnostics, unread };
  }
  const range = rangesIn(file, body);
  const value = readValue(body, range, report);
  const root =
    diagnostics.length > 0 && value === undefined ? undefined : rootMap(value, kind, range, report);
  return { file, text, root, diagnostics, unread };
}

type ReportAt = (range: SourceRange, path: ConfigPath, message: string, hint?: string) => void;

function readValue(text: string, range: RangeOf, report: ReportAt): ConfigValue | undefined {
  const stream = readStream(text);
  const [document] = stream.documents;
  if (stream.tooDeep !== undefined) {
    const message = `maps and lists are nested deeper than ${DEEPEST} levels`;
    report(range(stream.tooDeep, stream.tooDeep + 1), [], message);
    return undefined;
  }
  reportStream(stream, range, report);
  if (document === undefined) return undefined;
  const faults = syntaxFaults(document, text);
  for (const { start, end, message, hint } of faults) report(range(start, end), [], message, hint);
  // What the parser guessed after a fault would only cause further complaints.
  if (faults.length > 0) return undefined;
  return new TreeReader(document, range, report).read(document);
}

function reportStream({ directives, second }: Stream, range: RangeOf, report: ReportAt): void {
  for (const { offset, source } of directives) {
    if (/^%YAML\s+1\.2\s*$/.test(source)) continue;
    report(
      range(offset, offset + source.length),
      [],
      'YAML directives, lines that start with "%", are not supported',
      'delete it',
    );
  }
  if (second === undefined) return;
  const hint = 'keep one of them, and delete the line "---" between them';
  report(range(second, second + 3), [], 'a second document starts here; a file must contain only one', hint);
}

const SHORTEST = 'a config needs at least name, topology, model and slurm; see docs/config.md';

function rootMap(
  value: ConfigValue | undefined,
  kind: FileKind,
  range: RangeOf,
  report: ReportAt,
): ConfigMap | undefined {
  if (value?.kind === 'map') return value;
  if (value === undefined || (value.kind === 'scalar' && value.value === null)) {
    if (kind === 'profile') return { kind: 'map', entries: new Map(), range: range(0, 0) };
    report(range(0, 0), [], 'the file has no keys', kind === 'config' ? SHORTEST : undefined);
    return undefined;
  }
  const what = value.kind === 'list' ? 'a list' : 'a single value';
  report(value.range, [], `the file must be a map of keys, not ${what}`, 'write "key: value" on each line');
  return undefined;
}
