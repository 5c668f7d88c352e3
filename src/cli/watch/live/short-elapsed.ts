/** A time that passed, in a column: `9s`, `3m05s`, `2h10m`, `3d04h`. */
export function shortElapsed(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return pair(seconds, 60, 'm', 1, 's');
  return seconds < 86_400 ? pair(seconds, 3600, 'h', 60, 'm') : pair(seconds, 86_400, 'd', 3600, 'h');
}

function pair(seconds: number, large: number, unit: string, small: number, rest: string): string {
  return `${Math.floor(seconds / large)}${unit}${String(Math.floor((seconds % large) / small)).padStart(2, '0')}${rest}`;
}
