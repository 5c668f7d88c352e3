import type { BenchPoint } from './result.ts';

/** Measurements of the same concurrency and rate are one point; the last one speaks for it. */
export function grouped(points: readonly BenchPoint[]): readonly BenchPoint[] {
  const byLoad = new Map<string, BenchPoint[]>();
  for (const point of points) {
    const load = `${point.concurrency} ${point.requestRate}`;
    byLoad.set(load, [...(byLoad.get(load) ?? []), point]);
  }
  return [...byLoad.values()].flatMap((runs) => {
    const last = runs.at(-1);
    if (last === undefined || runs.length === 1) return runs;
    return [
      {
        ...last,
        valid: runs.every(({ valid }) => valid),
        partial: runs.some(({ partial }) => partial),
        problems: runs.flatMap(({ problems }) => problems),
        runs,
      },
    ];
  });
}
