const two = (value: number): string => String(value).padStart(2, '0');

/** `14:03:59`, in the local time zone. */
export function clock(time: Date): string {
  return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
}

/** `2025-11-24 14:03:59`, in the local time zone. */
export function dateAndClock(time: Date): string {
  return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())} ${clock(time)}`;
}

/** A time that passed: `0.4 s`, `42 s`, `3 min 5 s`, `2 h 10 min`, `3 d 4 h`. Clocks that differ give no negative one. */
export function elapsed(milliseconds: number): string {
  const seconds = Math.max(0, milliseconds) / 1000;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return pair(whole, 60, 'min', 1, 's');
  if (whole < 86_400) return pair(whole, 3600, 'h', 60, 'min');
  return pair(whole, 86_400, 'd', 3600, 'h');
}

function pair(seconds: number, large: number, largeUnit: string, small: number, smallUnit: string): string {
  const rest = Math.floor((seconds % large) / small);
  return `${Math.floor(seconds / large)} ${largeUnit}${rest === 0 ? '' : ` ${rest} ${smallUnit}`}`;
}

/** Relative and absolute, of what has happened: never ahead of us, though the clock that it was read on may be. */
export function past(time: Date, now: Date): string {
  return `${ago(time, now)} (${dateAndClock(time)})`;
}

/** `3 min ago`, of what has happened. */
export function ago(time: Date, now: Date): string {
  return `${elapsed(now.getTime() - time.getTime())} ago`;
}

/** `3 min ago`, `in 2 h 10 min`. */
function relative(time: Date, now: Date): string {
  const past = now.getTime() - time.getTime();
  return past < 0 ? `in ${elapsed(-past)}` : `${elapsed(past)} ago`;
}

/** Relative and absolute. */
export function moment(time: Date, now: Date): string {
  return `${relative(time, now)} (${dateAndClock(time)})`;
}
