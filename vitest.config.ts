import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** Projects run one after the other: what serves on the machine's loopback addresses cannot share them. */
const project = (name: string, timeout: number, parallel: boolean, order: number) => ({
  // What scripts/build.mjs puts into dist.
  resolve: { alias: { yaml: fileURLToPath(new URL('node_modules/yaml/browser/index.js', import.meta.url)) } },
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    testTimeout: timeout,
    hookTimeout: timeout,
    fileParallelism: parallel,
    sequence: { groupOrder: order },
  },
});

export default defineConfig({
  test: {
    projects: [
      project('unit', 20_000, true, 0),
      project('rehearsal', 120_000, false, 1),
      project('package', 240_000, false, 2),
      project('cluster', 600_000, false, 3),
    ],
  },
});
