/** Files that are looked at in one go: each look at a distance costs a round trip, and open files are limited. */
const AT_ONCE = 32;

/** Does one thing with each item, some of them at once; the results in the items' order. */
export async function inGroups<T, R>(
  items: readonly T[],
  use: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const results: R[] = [];
  for (let at = 0; at < items.length; at += AT_ONCE) {
    results.push(...(await Promise.all(items.slice(at, at + AT_ONCE).map(use))));
  }
  return results;
}
