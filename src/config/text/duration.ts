/** Reads `90m`, `4h`, `1h30m`, `2d`, or Slurm's `HH:MM:SS`, `D-HH`, `D-HH:MM`, `D-HH:MM:SS`; seconds, or undefined. */
export function parseDuration(value: string): number | undefined {
  const slurm =
    /^(\d{1,3}):(\d{2}):(\d{2})$/.exec(value) ??
    /^(\d{1,3})-(\d{1,2})(?::(\d{2}))?(?::(\d{2}))?$/.exec(value);
  if (slurm) {
    const parts = slurm.slice(1).map((part) => Number(part ?? 0));
    const [days = 0, hours = 0, minutes = 0, seconds = 0] = value.includes('-') ? parts : [0, ...parts];
    if (minutes > 59 || seconds > 59 || (value.includes('-') && hours > 23)) return undefined;
    return days * 86400 + hours * 3600 + minutes * 60 + seconds;
  }
  const units = /^(?:(\d{1,4})d)?(?:(\d{1,5})h)?(?:(\d{1,6})m)?(?:(\d{1,7})s)?$/.exec(value);
  if (!units || value === '') return undefined;
  const [days, hours, minutes, seconds] = units.slice(1).map((part) => Number(part ?? 0));
  return (days ?? 0) * 86400 + (hours ?? 0) * 3600 + (minutes ?? 0) * 60 + (seconds ?? 0);
}
