import { count } from '../text/plural.ts';
import { codeFrame, neutral } from './frame.ts';
import type { SourceRange } from './source-range.ts';

/** Something to say about one stretch of a file. */
export interface Diagnostic {
  readonly severity: 'error' | 'warning';
  readonly file: string;
  /** 1-based. */
  readonly line: number;
  /** 1-based, in UTF-16 units. */
  readonly column: number;
  /** Within the line, at least 1. */
  readonly length: number;
  /** `prefill.nodes`, as the file spells it; empty where the whole file is meant. */
  readonly path: string;
  readonly message: string;
  readonly hint?: string;
  /** The code frame masks the marked text, because it is a secret. */
  readonly conceal?: boolean;
  /** A second place that takes part in it. */
  readonly related?: SourceRange & { readonly path: string; readonly conceal?: boolean };
  /** Labels of the variants that it concerns, where these are not all that were looked at. */
  readonly variants?: readonly string[];
}

/** Columns of a frame's line that are neither its number nor source, and two for marks of clipping. */
const BESIDE = 7;

/** Parts of a formatted diagnostic that may be colored. */
export type DiagnosticPart = 'place' | 'path' | 'error' | 'warning' | 'gutter' | 'caret' | 'hint';

export interface FormatOptions {
  /** Colors a part of the output; without it, none. */
  readonly paint?: (part: DiagnosticPart, text: string) => string;
  /** Terminal columns that a frame may take. */
  readonly width?: number;
  /** Texts of other files, for the frame of a second place. */
  readonly textOf?: (file: string) => string | undefined;
}

/**
 * A diagnostic as text, without a final line break:
 *
 *     configs/r1.yaml:4:3  slurm.partion: unknown key; did you mean "partition"?
 *       4 |   partion: batch
 *         |   ^^^^^^^
 *
 * The frame is left out where `sourceText` is unknown. A second place follows with a frame of its own; variants and a
 * hint in lines of their own.
 */
export function formatDiagnostic(
  diagnostic: Diagnostic,
  sourceText: string | undefined,
  { paint = (_part, text) => text, width, textOf = () => undefined }: FormatOptions = {},
): string {
  const { severity, file, line, column, path, message, hint, related, variants } = diagnostic;
  const range = paint('place', neutral(`${file}:${line}:${column}`));
  const label = severity === 'warning' ? `${paint('warning', 'warning')}: ` : '';
  const subject = path === '' ? '' : `${paint('path', neutral(path))}: `;
  const lines = [`${range}  ${label}${subject}${paint(severity, neutral(message))}`];
  const frame = (stretch: Parameters<typeof codeFrame>[0], text: string) => {
    const room = width === undefined ? undefined : width - String(stretch.line).length - BESIDE;
    const { gutter, source, marks } = codeFrame(stretch, text, room);
    lines.push(`  ${paint('gutter', `${gutter} |`)} ${source}`.trimEnd());
    lines.push(`  ${paint('gutter', `${' '.repeat(gutter.length)} |`)} ${paint('caret', marks)}`);
  };
  if (sourceText !== undefined) frame(diagnostic, sourceText);
  if (related !== undefined) {
    const where = neutral(`${related.file}:${related.line}:${related.column}`);
    lines.push(`  ${paint('place', where)}  ${paint('path', neutral(related.path))}`);
    const text = related.file === file ? sourceText : textOf(related.file);
    if (text !== undefined) frame(related, text);
  }
  // Lines of a variant speak for themselves.
  const isOwn = variants?.length === 1 && path.startsWith(`variants.${variants[0]}`);
  if (variants !== undefined && !isOwn) lines.push(`  ${paint('path', neutral(inVariants(variants, path)))}`);
  if (hint !== undefined) lines.push(`  ${paint('hint', 'hint:')} ${neutral(hint)}`);
  return lines.join('\n');
}

/** Characters of names. */
const MOST_NAMES = 80;

/** A value of a sweep says itself which variants have it. */
function inVariants(labels: readonly string[], path: string): string {
  if (labels.length === 1) return `in variant ${labels[0]}`;
  const all = `in ${count(labels.length, 'variant')}`;
  if (path.startsWith('sweep')) return all;
  const fitting = labels.filter(
    (_, index) => index === 0 || labels.slice(0, index + 1).join(', ').length <= MOST_NAMES,
  );
  const shown = fitting.length < labels.length - 1 ? fitting : labels.slice(0, -1);
  const last = shown === fitting ? `${labels.length - fitting.length} more` : labels.at(-1);
  return `${all}: ${[...shown].join(', ')} and ${last}`;
}
