import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { LOCKS, lockFile, toolsPlace } from '../../../../src/rehearsal/tools/tools.ts';
import { packageRoot } from '../../../world.ts';

const place = toolsPlace({ env: {}, home: '/home/user', packageRoot });

test.each(Object.keys(LOCKS) as (keyof typeof LOCKS)[])(
  '%s: every package is pinned by hash, and no index is named',
  (lock) => {
    const entries = readFileSync(lockFile(place, lock), 'utf8').split(/^(?=[a-z])/m);
    for (const entry of entries) {
      expect(entry).toMatch(/^[a-z0-9-]+==[\d.]+( \\\n {4}--hash=sha256:[0-9a-f]{64})+\n$/);
    }
  },
);

test.each([
  [{}, '/home/user/.cache/dyn-slurm'],
  [{ XDG_CACHE_HOME: '/scratch/cache' }, '/scratch/cache/dyn-slurm'],
  [{ XDG_CACHE_HOME: 'relative' }, '/home/user/.cache/dyn-slurm'],
])('with %j the tools go below %s', (env, cache) => {
  const { folder } = toolsPlace({ env, home: '/home/user', packageRoot });
  expect(folder.replace(/tools-[0-9a-f]{12}$/, '')).toBe(`${cache}/`);
});
