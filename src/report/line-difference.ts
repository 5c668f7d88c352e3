/** Lines of a text; longer ones are compared as wholes, block by block, no more. */
const MOST_LINES = 2000;

/** What differs between two texts, as lines with `- ` or `+ ` before them; none where nothing does. */
export function lineDifference(before: string, after: string): readonly string[] {
  const [old, now] = [linesOf(before), linesOf(after)];
  const common = longestCommon(old, now);
  const lines: string[] = [];
  let [at, to] = [0, 0];
  for (const [one, other] of [...common, [old.length, now.length] as const]) {
    while (at < one) lines.push(`- ${old[at++]}`);
    while (to < other) lines.push(`+ ${now[to++]}`);
    at++;
    to++;
  }
  return lines;
}

function linesOf(text: string): readonly string[] {
  return text.trimEnd().split('\n').slice(0, MOST_LINES);
}

/** Pairs of indices of lines that stay. */
function longestCommon(
  one: readonly string[],
  other: readonly string[],
): readonly (readonly [number, number])[] {
  const lengths = Array.from({ length: one.length + 1 }, () => new Uint16Array(other.length + 1));
  const length = (at: number, to: number) => lengths[at]?.[to] ?? 0;
  for (let at = one.length - 1; at >= 0; at--) {
    const row = lengths[at];
    for (let to = other.length - 1; row && to >= 0; to--) {
      row[to] =
        one[at] === other[to] ? length(at + 1, to + 1) + 1 : Math.max(length(at + 1, to), length(at, to + 1));
    }
  }
  const pairs: (readonly [number, number])[] = [];
  for (let [at, to] = [0, 0]; at < one.length && to < other.length; ) {
    if (one[at] === other[to]) pairs.push([at++, to++]);
    else if (length(at + 1, to) >= length(at, to + 1)) at++;
    else to++;
  }
  return pairs;
}
