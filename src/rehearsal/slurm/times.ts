/**
 * Seconds of sbatch's `--time`: `D-HH:MM:SS`, which is how dyn-slurm writes it, or minutes; 0 for no limit.
 * Slurm rounds up to whole minutes. Here limits hold to the second, so that a rehearsal can reach one.
 */
export function parseTimeLimit(text: string): number {
  const [, days, hours, minutes, seconds] = /^(\d+)-(\d+):(\d+):(\d+)$/.exec(text)?.map(Number) ?? [];
  if (days === undefined) return Number(text) * 60 || 0;
  return ((days * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(seconds);
}

/** Seconds as `D-HH:MM:SS`. */
export function duration(seconds: number): string {
  const days = Math.floor(seconds / 86_400);
  return `${days}-${new Date(Math.floor(seconds) * 1000).toISOString().slice(11, 19)}`;
}

/** A moment in ms since 1970 as Slurm prints it: local time, or seconds since 1970 with SLURM_TIME_FORMAT=%s. */
export function timestamp(ms: number, format?: string): string {
  if (format === '%s') return String(Math.floor(ms / 1000));
  const offset = new Date(ms).getTimezoneOffset() * 60_000;
  return new Date(ms - offset).toISOString().slice(0, 19);
}
