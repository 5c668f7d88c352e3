import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';

/** Bundles a TypeScript program of this repository into one module that Node runs by itself. */
export async function bundleProgram(entry, outfile) {
  await build({
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    input: entry,
    platform: 'node',
    logLevel: 'warn',
    output: { file: outfile, format: 'esm', codeSplitting: false },
    // Libraries' own.
    checks: { eval: false },
  });
}
