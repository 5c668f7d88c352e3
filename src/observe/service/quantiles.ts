import type { Quantiles } from '../../run/service-event.ts';
import type { Sample } from './exposition.ts';
import { growthOf, type Series } from './series.ts';

/**
 * What a histogram of seconds has counted between two looks, all its series together; undefined where that is nothing.
 * Within a bucket values count as evenly spread, as Prometheus' histogram_quantile has it; those beyond the last bound
 * count as that bound.
 */
export function quantilesBetween(before: Series, after: Series, name: string): Quantiles | undefined {
  const count = growthOf(before, after, `${name}_count`);
  if (!(count > 0)) return undefined;
  const bounds = bucketsBetween(before, after, `${name}_bucket`);
  const at = (share: number) => 1000 * quantile(bounds, share);
  return {
    count,
    mean: (1000 * growthOf(before, after, `${name}_sum`)) / count,
    p50: at(0.5),
    p90: at(0.9),
    p99: at(0.99),
  };
}

interface Bucket {
  /** Seconds. */
  readonly bound: number;
  /** So many were at most that long. */
  readonly count: number;
}

function bucketsBetween(before: Series, after: Series, name: string): readonly Bucket[] {
  const bounds = new Set(after.of(name).map(({ labels }) => labels.le ?? ''));
  const has = (le: string) => (sample: Sample) => sample.labels.le === le;
  return [...bounds]
    .map((le) => ({ bound: boundOf(le), count: growthOf(before, after, name, has(le)) }))
    .filter(({ bound }) => !Number.isNaN(bound))
    .sort((a, b) => a.bound - b.bound);
}

const boundOf = (le: string): number => (le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le));

function quantile(buckets: readonly Bucket[], share: number): number {
  const wanted = share * (buckets.at(-1)?.count ?? 0);
  const index = buckets.findIndex(({ count }) => count >= wanted && count > 0);
  const here = buckets[index];
  if (here === undefined) return 0;
  const { bound: low, count: below } = buckets[index - 1] ?? { bound: 0, count: 0 };
  if (!Number.isFinite(here.bound)) return low;
  const inside = here.count - below;
  return inside <= 0 ? here.bound : low + ((here.bound - low) * (wanted - below)) / inside;
}
