/** Forms of `--time` (sbatch's manual): minutes, M:S, H:M:S, D-H, D-H:M, D-H:M:S. */
const FORMS: readonly { readonly form: RegExp; readonly seconds: readonly number[] }[] = [
  { form: /^(\d+)$/, seconds: [60] },
  { form: /^(\d+):(\d+)$/, seconds: [60, 1] },
  { form: /^(\d+):(\d+):(\d+)$/, seconds: [3600, 60, 1] },
  { form: /^(\d+)-(\d+)$/, seconds: [86400, 3600] },
  { form: /^(\d+)-(\d+):(\d+)$/, seconds: [86400, 3600, 60] },
  { form: /^(\d+)-(\d+):(\d+):(\d+)$/, seconds: [86400, 3600, 60, 1] },
];

/**
 * Seconds of a time limit, 0 for none, undefined where Slurm would refuse it (`90m`).
 * Slurm rounds up to whole minutes; here limits hold to the second, so that a rehearsal can reach one.
 */
export function parseTimeLimit(text: string): number | undefined {
  if (/^(unlimited|infinite|-1)$/i.test(text)) return 0;
  for (const { form, seconds } of FORMS) {
    const numbers = form.exec(text)?.slice(1).map(Number);
    if (numbers) return numbers.reduce((sum, number, index) => sum + number * (seconds[index] ?? 0), 0);
  }
  return undefined;
}

/** As squeue shows it: `0:07`, `1:02:03`, `2-00:00:00`. */
export function shortDuration(seconds: number): string {
  const { days, hours, minutes, rest } = parts(seconds);
  const clock = `${two(minutes)}:${two(rest)}`;
  if (days > 0) return `${days}-${two(hours)}:${clock}`;
  return hours > 0 ? `${hours}:${clock}` : `${minutes}:${two(rest)}`;
}

/** As scontrol shows it: `00:00:07`, `2-00:00:00`. */
export function longDuration(seconds: number): string {
  const { days, hours, minutes, rest } = parts(seconds);
  return `${days > 0 ? `${days}-` : ''}${two(hours)}:${two(minutes)}:${two(rest)}`;
}

function parts(seconds: number) {
  const whole = Math.max(0, Math.floor(seconds));
  return {
    days: Math.floor(whole / 86400),
    hours: Math.floor(whole / 3600) % 24,
    minutes: Math.floor(whole / 60) % 60,
    rest: whole % 60,
  };
}

/** A moment in ms as Slurm prints it: local time, or seconds since 1970 with SLURM_TIME_FORMAT=%s. */
export function timestamp(ms: number, format: string | undefined): string {
  if (format === '%s') return String(Math.floor(ms / 1000));
  const at = new Date(ms);
  return (
    `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}` +
    `T${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`
  );
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
