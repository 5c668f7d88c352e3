// `npm run test:gpu`: serves real models with a real engine on this machine's GPUs, through dyn-slurm, as a user would.
// See docs/gpu.md; `--help` lists the options.
// `--bundle FOLDER` only writes it and `npm run bench -- --gpu` there, for a machine without this checkout.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleGpuTest } from './bundle.mjs';

const [first, folder, ...more] = process.argv.slice(2);
if (first === '--bundle' && folder !== undefined && more.length === 0) {
  await bundleGpuTest('main', folder);
  await bundleGpuTest('overhead', folder);
} else {
  const temporary = mkdtempSync(join(tmpdir(), 'dyn-slurm-test-gpu-'));
  try {
    const program = await bundleGpuTest('main', temporary);
    const root = fileURLToPath(new URL('../..', import.meta.url));
    const words = [program, '--package', root, ...process.argv.slice(2)];
    process.exitCode = spawnSync(process.execPath, words, { stdio: 'inherit' }).status ?? 1;
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}
