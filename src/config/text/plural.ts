/** `node`, `nodes`; `entry`, `entries`. */
export function plural(amount: number, noun: string): string {
  if (amount === 1) return noun;
  return /[^aeiou]y$/.test(noun) ? `${noun.slice(0, -1)}ies` : `${noun}s`;
}

/** `1 node`, `4 nodes`. */
export function count(amount: number, noun: string): string {
  return `${amount} ${plural(amount, noun)}`;
}
