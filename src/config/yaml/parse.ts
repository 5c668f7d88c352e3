import type { Diagnostic } from './diagnostic.ts';
import { type ConfigPath, pathText, rangesIn } from './source-range.ts';
import { LARGEST_FILE, readText } from './syntax.ts';
import type { ConfigMap } from './tree.ts';
import { type Report, TreeReader } from './tree-reader.ts';

export interface SourceFile {
  /** The name of the file in messages. */
  readonly file: string;
  readonly text: string;
}

/** Keys of a config that come over those of its file: of a variant, or of a command line. */
export interface Layer extends Pick<ParsedFile, 'file' | 'root' | 'diagnostics' | 'unread'> {
  /** It does nothing but remove one key. */
  readonly removes?: true;
}

/**
 * Which kind of file a text is; they differ in what may be left out. `foreign`: another program's, which reads YAML 1.1 as
 * PyYAML does; of a key that is given twice the last one counts, with a warning.
 */
type FileKind = 'config' | 'topology' | 'profile' | 'foreign';

export interface ParsedFile extends SourceFile {
  /** Absent where the text is no YAML or no map at its root. */
  readonly root: ConfigMap | undefined;
  readonly diagnostics: readonly Diagnostic[];
  /** Paths whose values were left out because of a diagnostic. */
  readonly unread: readonly ConfigPath[];
}

const SHORTEST = 'a config needs at least name, topology, model and slurm; see docs/config.md';

/**
 * Reads one YAML file in bounded time and memory. Faults that leave the rest readable (a key given twice, a tag, a
 * number without an exact value) do not keep the root from being returned.
 */
export function parseYaml(file: string, text: string, kind: FileKind = 'config'): ParsedFile {
  const body = text.startsWith('\ufeff') ? text.slice(1) : text;
  const range = rangesIn(file, body.slice(0, LARGEST_FILE));
  const diagnostics: Diagnostic[] = [];
  const unread: ConfigPath[] = [];
  const report: Report = (at, path, message, hint, severity = 'error') => {
    diagnostics.push({ severity, ...at, path: pathText(path), message, ...(hint && { hint }) });
    if (severity === 'error') unread.push(path);
  };
  const { document, faults } = readText(body);
  for (const { start, end, message, hint } of faults) report(range(start, end), [], message, hint);
  const value = document && new TreeReader(document, range, report, kind === 'foreign').read(document);
  const parsed = { file, text, diagnostics, unread };
  if (value?.kind === 'map') return { ...parsed, root: value };
  if (value === undefined && diagnostics.length > 0) return { ...parsed, root: undefined };
  if (value === undefined || (value.kind === 'scalar' && value.value === null)) {
    if (kind === 'profile')
      return { ...parsed, root: { kind: 'map', entries: new Map(), range: range(0, 0) } };
    report(range(0, 0), [], 'the file has no keys', kind === 'config' ? SHORTEST : undefined);
  } else {
    const what = value.kind === 'list' ? 'a list' : 'a single value';
    report(value.range, [], `the file must be a map of keys, not ${what}`, 'write "key: value" on each line');
  }
  return { ...parsed, root: undefined };
}
