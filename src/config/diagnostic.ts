import { codeFrame, neutral } from './frame.ts';

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
}

/** Columns of a frame's line that are neither its number nor source, and two for marks of clipping. */
const BESIDE = 7;

/** Parts of a formatted diagnostic that may be coloured. */
export type DiagnosticPart = 'place' | 'path' | 'error' | 'warning' | 'gutter' | 'caret' | 'hint';

export interface FormatOptions {
  /** Colours a part of the output; without it, none. */
  readonly paint?: (part: DiagnosticPart, text: string) => string;
  /** Terminal columns that a frame may take. */
  readonly width?: number;
}

/**
 * A diagnostic as text, without a final line break:
 *
 *     configs/r1.yaml:4:3  slurm.partion: unknown key; did you mean "partition"?
 *       4 |   partion: batch
 *         |   ^^^^^^^
 *
 * The frame is left out where `sourceText` is unknown. A hint follows in a line of its own.
 */
export function formatDiagnostic(
  diagnostic: Diagnostic,
  sourceText: string | undefined,
  { paint = (_part, text) => text, width }: FormatOptions = {},
): string {
  const { severity, file, line, column, path, message, hint } = diagnostic;
  const place = paint('place', neutral(`${file}:${line}:${column}`));
  const label = severity === 'warning' ? `${paint('warning', 'warning')}: ` : '';
  const subject = path === '' ? '' : `${paint('path', neutral(path))}: `;
  const lines = [`${place}  ${label}${subject}${paint(severity, neutral(message))}`];
  if (sourceText !== undefined) {
    const room = width === undefined ? undefined : width - String(line).length - BESIDE;
    const { gutter, source, marks } = codeFrame(diagnostic, sourceText, room);
    lines.push(`  ${paint('gutter', `${gutter} |`)} ${source}`.trimEnd());
    lines.push(`  ${paint('gutter', `${' '.repeat(gutter.length)} |`)} ${paint('caret', marks)}`);
  }
  if (hint !== undefined) lines.push(`  ${paint('hint', 'hint:')} ${neutral(hint)}`);
  return lines.join('\n');
}
