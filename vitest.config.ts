import { availableParallelism } from 'node:os';
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';

/**
 * Projects of one run of vitest go one after the other: what serves on the machine's loopback addresses cannot share
 * them. `timeout`, in milliseconds, only ends a test that hangs: tests wait for events, however slow the machine is.
 */
const project = (
  order: number,
  name: string,
  timeout: number,
  more: TestProjectInlineConfiguration['test'],
) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    testTimeout: timeout,
    hookTimeout: timeout,
    // Before the test itself ends, so that the value that was seen last is shown.
    expect: { poll: { timeout: timeout * 0.8 } },
    sequence: { groupOrder: order },
    ...more,
  },
});

export default defineConfig({
  test: {
    // Only unit tests run side by side. Many of them wait for a child process or a time limit, so two workers share a core.
    maxWorkers: 2 * availableParallelism(),
    // A worker of vitest needs longer than ten seconds to end on a busy machine.
    teardownTimeout: 120_000,
    projects: [
      project(0, 'unit', 900_000, {
        globalSetup: ['test/unit/temporary.ts'],
        // Files of one worker share the modules of src, which would otherwise be loaded again for each file.
        isolate: false,
      }),
      project(1, 'rehearsal', 300_000, { fileParallelism: false }),
      project(2, 'package', 300_000, { fileParallelism: false }),
      project(3, 'cluster', 600_000, { fileParallelism: false }),
      // A start of a real engine takes minutes on a busy machine.
      project(4, 'engine', 900_000, { fileParallelism: false }),
    ],
  },
});
