// `npm run generate`: writes every file that is made from others; a test checks that they are current.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { bundleProgram } from './bundle-program.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = await mkdtemp(join(tmpdir(), 'dyn-slurm-generate-'));
try {
  const program = join(folder, 'generated.mjs');
  await bundleProgram('scripts/generated.ts', program);
  const { generatedFiles } = await import(pathToFileURL(program).href);
  const files = await generatedFiles(root);
  await rm(join(root, 'slurm_jobs'), { recursive: true, force: true });
  for (const [path, { text, mode }] of files) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text, { mode });
  }
  process.stdout.write(`wrote ${files.size} files\n`);
} finally {
  await rm(folder, { recursive: true, force: true });
}
