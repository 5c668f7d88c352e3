/** A point of throughput against speed: output tokens a second of each GPU, and of each user. */
export interface Tradeoff {
  readonly perGpu: number;
  readonly perUser: number;
}

/** By point: which others, by index, are as good in both and better in one. The frontier is what has none. */
export function dominators(points: readonly Tradeoff[]): readonly (readonly number[])[] {
  return points.map((point) =>
    points.flatMap((other, index) => (other !== point && dominates(other, point) ? [index] : [])),
  );
}

function dominates(one: Tradeoff, other: Tradeoff): boolean {
  const asGood = one.perGpu >= other.perGpu && one.perUser >= other.perUser;
  return asGood && (one.perGpu > other.perGpu || one.perUser > other.perUser);
}
