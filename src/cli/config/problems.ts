import { type DiagnosticPart, formatDiagnostic } from '../../config/diagnostic.ts';
import type { World } from '../world.ts';
import type { Loaded } from './load.ts';

/** Prints every finding with its code frame, errors and warnings in the order of the files. */
export function printDiagnostics({ diagnostics, sources }: Loaded, { err, color, page }: World): void {
  const texts = new Map(sources.map(({ file, text }) => [file, text]));
  for (const diagnostic of diagnostics) {
    const text = formatDiagnostic(diagnostic, texts.get(diagnostic.file), {
      ...page,
      textOf: (file) => texts.get(file),
      ...(color && { paint }),
    });
    err.write(`${text}\n`);
  }
}

/** SGR codes: on, off. */
const STYLES: Readonly<Record<DiagnosticPart, readonly [number, number]>> = {
  place: [36, 39],
  path: [1, 22],
  error: [31, 39],
  warning: [33, 39],
  gutter: [2, 22],
  caret: [31, 39],
  hint: [36, 39],
};

function paint(part: DiagnosticPart, text: string): string {
  const [on, off] = STYLES[part];
  return `\u001b[${on}m${text}\u001b[${off}m`;
}
