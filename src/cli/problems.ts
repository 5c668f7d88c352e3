import { formatDiagnostic } from '../config/diagnostic.ts';
import type { Loaded } from './load.ts';
import type { World } from './world.ts';

/** Prints every finding with its code frame, errors and warnings in the order of the files. */
export function printDiagnostics({ diagnostics, sources }: Loaded, world: World): void {
  const texts = new Map(sources.map(({ file, text }) => [file, text]));
  for (const diagnostic of diagnostics) {
    world.err.write(`${formatDiagnostic(diagnostic, texts.get(diagnostic.file))}\n`);
  }
}
