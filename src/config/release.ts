/** Whether a release (`1.6.1`) is the given one or later. Parts left out of `minimum` count as 0. */
export function atLeast(release: string, minimum: string): boolean {
  const has = release.split('.').map(Number);
  const wants = minimum.split('.').map(Number);
  for (const [position, part] of wants.entries()) {
    const mine = has[position] ?? 0;
    if (mine !== part) return mine > part;
  }
  return true;
}
