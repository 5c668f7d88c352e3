/** What srun's `%N` makes of a node's name: logs are named after the host without its domain. */
export function shortName(node: string): string {
  return node.split('.', 1)[0] ?? node;
}

/** Whether two names are one node's: either may lack the domain. */
export function sameNode(a: string | undefined, b: string | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  const [one, other] = [a.toLowerCase(), b.toLowerCase()];
  return one === other || one.startsWith(`${other}.`) || other.startsWith(`${one}.`);
}
