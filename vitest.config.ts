import { fileURLToPath } from 'node:url';
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';

/** Projects run one after the other: what serves on the machine's loopback addresses cannot share them. */
const project = (
  order: number,
  name: string,
  timeout: number,
  more: TestProjectInlineConfiguration['test'],
) => ({
  // What scripts/build.mjs puts into dist.
  resolve: { alias: { yaml: fileURLToPath(new URL('node_modules/yaml/browser/index.js', import.meta.url)) } },
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    testTimeout: timeout,
    hookTimeout: timeout,
    sequence: { groupOrder: order },
    ...more,
  },
});

/** Whole clusters on two shared cores are late now and then; vitest says which tests it has tried again. */
const retry = 1;

export default defineConfig({
  test: {
    // vitest leaves a core free, which on two is half of the time. Only unit tests run side by side.
    maxWorkers: '100%',
    projects: [
      project(0, 'unit', 20_000, { globalSetup: ['test/unit/temporary.ts'] }),
      project(1, 'rehearsal', 120_000, { fileParallelism: false, retry }),
      project(2, 'package', 240_000, { fileParallelism: false }),
      project(3, 'cluster', 600_000, { fileParallelism: false, retry }),
    ],
  },
});
