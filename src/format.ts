// How numbers and times are shown to people, in the terminal and in reports.

const two = (value: number): string => String(value).padStart(2, '0');

/** `14:03:59`, in the local time zone. */
export function clock(time: Date): string {
  return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
}

/** `2025-11-24 14:03:59`, in the local time zone. */
export function dateAndClock(time: Date): string {
  return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())} ${clock(time)}`;
}

/** `3 min ago`, of what has happened: never negative, though the clock that `time` was read on may be ahead. */
export function ago(time: Date, now: Date): string {
  return `${elapsed(now.getTime() - time.getTime())} ago`;
}

/** `3 min ago (2025-11-24 14:03:59)`, of what has happened. */
export function past(time: Date, now: Date): string {
  return `${ago(time, now)} (${dateAndClock(time)})`;
}

/** Like `past`, or `in 2 h 10 min (…)` of what is still to come. */
export function moment(time: Date, now: Date): string {
  const ahead = time.getTime() - now.getTime();
  return ahead > 0 ? `in ${elapsed(ahead)} (${dateAndClock(time)})` : past(time, now);
}

/** Units of time, with what is counted below each, in seconds: the large one, and the small one. */
const PAIRS = [
  { large: 86_400, small: 3600, long: ['d', 'h'], short: ['d', 'h'] },
  { large: 3600, small: 60, long: ['h', 'min'], short: ['h', 'm'] },
  { large: 60, small: 1, long: ['min', 's'], short: ['m', 's'] },
] as const;

/** A time that passed: `0.4 s`, `42 s`, `3 min 5 s`, `2 h 10 min`, `3 d 4 h`; a dash for what is not a number. */
export function elapsed(milliseconds: number): string {
  if (!Number.isFinite(milliseconds)) return '–';
  const seconds = Math.max(0, milliseconds) / 1000;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const pair = PAIRS.find(({ large }) => whole >= large);
  if (!pair) return `${whole} s`;
  const rest = Math.floor((whole % pair.large) / pair.small);
  return `${Math.floor(whole / pair.large)} ${pair.long[0]}${rest === 0 ? '' : ` ${rest} ${pair.long[1]}`}`;
}

/** A time that passed, in a column: `9s`, `3m05s`, `2h10m`, `3d04h`. */
export function shortElapsed(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const pair = PAIRS.find(({ large }) => seconds >= large);
  if (!pair) return `${seconds}s`;
  const rest = Math.floor((seconds % pair.large) / pair.small);
  return `${Math.floor(seconds / pair.large)}${pair.short[0]}${two(rest)}${pair.short[1]}`;
}

/** Seconds as a config writes them: `1d12h`, `1h30m`, `0s`. */
export function span(seconds: number): string {
  let rest = Math.round(seconds);
  const parts = Object.entries({ d: 86_400, h: 3600, m: 60, s: 1 }).map(([unit, size]) => {
    const amount = Math.floor(rest / size);
    rest -= amount * size;
    return amount === 0 ? '' : `${amount}${unit}`;
  });
  return parts.join('') || '0s';
}

/** A latency: `0.6 ms`, `120 ms`, `1.5 s`. */
export function latency(milliseconds: number): string {
  const [value, unit] = milliseconds < 999.5 ? [milliseconds, 'ms'] : [milliseconds / 1000, 's'];
  return `${value.toFixed(value < 9.95 ? 1 : 0)} ${unit}`;
}

/** `0`, `0.4`, `12`, `4,321`, `54,321`: whole numbers from ten on, one digit behind the point below. */
export function rounded(value: number): string {
  if (value > 0 && value < 9.95 && !Number.isInteger(value)) return value.toFixed(1);
  return Math.round(value).toLocaleString('en-US');
}

/** In at most four characters and a unit: `950`, `9.5k`, `95k`, `1.2M`. */
export function brief(value: number): string {
  if (value < 9999.5) return rounded(value).replace(',', '');
  const [scaled, unit] = value < 999_500 ? [value / 1000, 'k'] : [value / 1_000_000, 'M'];
  return `${scaled < 9.95 ? scaled.toFixed(1) : Math.round(scaled)}${unit}`;
}

/** A measured number: three or four digits that count; a dash where there is none. */
export function decimal(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  const digits = size >= 1000 || Number.isInteger(value) ? 0 : size >= 100 ? 1 : size >= 1 ? 2 : 3;
  return value.toLocaleString('en-US', { maximumFractionDigits: digits });
}

/** `42%`, `-4.2%` with one digit; a dash where there is none. */
export function percent(share: number | undefined, digits = 0): string {
  return Number.isFinite(share) ? `${Number(((share as number) * 100).toFixed(digits))}%` : '–';
}

/** `+4.2%` */
export function change(share: number | undefined): string {
  return `${(share ?? 0) > 0 ? '+' : ''}${percent(share, 1)}`;
}

/** `0-3, 7`: numbers, ascending, with runs of them shortened. */
export function ranges(numbers: readonly number[]): string {
  const runs: [number, number][] = [];
  for (const number of numbers) {
    const last = runs.at(-1);
    if (last && number === last[1] + 1) last[1] = number;
    else runs.push([number, number]);
  }
  return runs.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(', ');
}
