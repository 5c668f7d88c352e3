/** The candidate that a misspelt word most likely means, or undefined where none is near. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const given = folded(word);
  if (given === '' || given.length > 64) return undefined;
  let best: string | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const wanted = folded(candidate);
    // A third of the letters may be wrong; beyond that, a guess confuses more than it helps.
    const allowed = Math.max(1, Math.floor(Math.min(given.length, wanted.length) / 3));
    // There are at least as many edits as one is longer than the other.
    if (Math.abs(given.length - wanted.length) > allowed) continue;
    const distance = edits(given, wanted);
    const near = distance <= allowed && distance < Math.max(given.length, wanted.length);
    if (near && distance < least) [best, least] = [candidate, distance];
  }
  return best ?? unique(given, candidates);
}

/** `; did you mean "a"?`, or nothing where nothing is near. */
export function didYouMean(near: string | undefined): string {
  return near === undefined ? '' : `; did you mean ${JSON.stringify(near)}?`;
}

/** `"a", "b" or "c"`. */
export function alternatives(words: readonly string[], conjunction = 'or'): string {
  if (words.length <= 1) return words.join('');
  return `${words.slice(0, -1).join(', ')} ${conjunction} ${words.at(-1)}`;
}

function folded(word: string): string {
  return word.toLowerCase().replaceAll('_', '-');
}

/** `part` for partition, `mode` for router_mode: the beginning of one candidate only, or a word of it. */
function unique(given: string, candidates: Iterable<string>): string | undefined {
  if (given.length < 3) return undefined;
  const extended = [...candidates].filter((candidate) => {
    const wanted = folded(candidate);
    return wanted.startsWith(given) || wanted.split('-').includes(given);
  });
  return extended.length === 1 ? extended[0] : undefined;
}

/** Insertions, deletions, replacements and swaps of neighbors between two words (optimal string alignment). */
export function edits(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let cost = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, (beforeLast[j - 2] ?? 0) + 1);
      }
      row.push(cost);
    }
    [beforeLast, last] = [last, row];
  }
  return last[b.length] ?? 0;
}
