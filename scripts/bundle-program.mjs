import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** Bundles a TypeScript program of this repository into one module that Node runs by itself. */
export async function bundleProgram(entry, outfile) {
  await build({
    absWorkingDir: fileURLToPath(new URL('..', import.meta.url)),
    entryPoints: [entry],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    logLevel: 'error',
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  });
}
