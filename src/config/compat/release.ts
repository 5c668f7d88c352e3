/** Whether a release (`1.6.1`, `0.5.10.post1`, `1.2.0rc6.post1`) is the given one or later. Parts left out of `minimum` count as 0. */
export function atLeast(release: string, minimum: string): boolean {
  return compareReleases(release, minimum) >= 0;
}

/** Above 0 where `one` is later than `other`: `0.5.0rc2` < `0.5.0` < `0.5.0.post1` < `0.5.1`. */
export function compareReleases(one: string, other: string): number {
  const [first, second] = [parts(one), parts(other)];
  const length = Math.max(first.numbers.length, second.numbers.length);
  for (let position = 0; position < length; position += 1) {
    const difference = (first.numbers[position] ?? 0) - (second.numbers[position] ?? 0);
    if (difference !== 0) return difference;
  }
  return first.candidate - second.candidate || first.repair - second.repair;
}

const RELEASE = /^(\d+(?:\.\d+)*)(?:rc(\d+))?(?:\.post(\d+))?$/;

/** A release comes after its candidates, and before its repairs. */
function parts(release: string) {
  const [, numbers = '0', candidate, repair = '0'] = RELEASE.exec(release) ?? [];
  return {
    numbers: numbers.split('.').map(Number),
    candidate: candidate === undefined ? 10_000 : Number(candidate),
    repair: Number(repair),
  };
}
