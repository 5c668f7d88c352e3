import { copyFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { bundleProgram } from '../../scripts/bundle-program.mjs';

/** Bundles main.ts or overhead.ts, and puts what it runs beside it; the path of the bundle. */
export async function bundleGpuTest(name, folder) {
  const program = join(folder, `${name}.mjs`);
  await bundleProgram(`test/gpu/${name}.ts`, program);
  for (const file of ['models.py', '../recorded/shorten.mjs'])
    copyFileSync(join(import.meta.dirname, file), join(folder, basename(file)));
  return program;
}
