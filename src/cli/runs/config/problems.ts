import type { SourceFile } from '../../../config/resolve.ts';
import { formatDiagnostic } from '../../../config/yaml/diagnostic.ts';
import type { PlannedConfig } from '../../../plan/plan-config.ts';
import { styled } from '../../styled.ts';
import type { World } from '../../world.ts';

/** Prints every finding with its code frame, errors and warnings in the order of the files. */
export function printDiagnostics(
  { diagnostics, sources }: Pick<PlannedConfig, 'diagnostics'> & { readonly sources: readonly SourceFile[] },
  { err, color, page }: World,
): void {
  const texts = new Map(sources.map(({ file, text }) => [file, text]));
  for (const diagnostic of diagnostics) {
    const text = formatDiagnostic(diagnostic, texts.get(diagnostic.file), {
      ...page,
      textOf: (file) => texts.get(file),
      ...(color && { paint: (part, text) => styled(FORMATS[part], text) }),
    });
    err.write(`${text}\n`);
  }
}

const FORMATS = {
  place: 'cyan',
  path: 'bold',
  error: 'red',
  warning: 'yellow',
  gutter: 'dim',
  caret: 'red',
  hint: 'cyan',
} as const;
