import { parseDuration } from '../../../config/text/duration.ts';
import { readStamp } from '../../../engines/line-stamp.ts';
import { DynSlurmError } from '../../../errors.ts';

export interface LogFilterOptions {
  /** Only lines that match: a regular expression. Without capitals it matches capitals too. */
  readonly grep?: string;
  /** Only lines from this time on: `10m` (ago), `14:05`, or RFC 3339 with or without a zone. */
  readonly since?: string;
}

/** Whether the next line of a log is shown. */
export type LineFilter = (line: LogLine) => boolean;

/** A line, and its own time, milliseconds, where it has one. */
export interface LogLine {
  readonly text: string;
  readonly time?: number;
  /** The time names no zone. */
  readonly zoneless?: boolean;
}

/** The part of a line in which its time would be. */
const HEAD = 100;
const ZONE = /\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)/;

export function logLine(text: string): LogLine {
  const { time } = readStamp(text.slice(0, HEAD));
  return time === undefined ? { text } : { text, time, zoneless: !ZONE.test(text.slice(0, HEAD + 10)) };
}

/**
 * Makes the filter of each log, for lines without a time do as the line before them. `begun`: milliseconds, the time of
 * lines that no line with a time is before. Undefined where all lines are shown. @throws DynSlurmError `usage`
 */
export function logFilter(
  { grep, since }: LogFilterOptions,
  now: Date,
): ((begun: number) => LineFilter) | undefined {
  if (grep === undefined && since === undefined) return undefined;
  const matches = grep === undefined ? () => true : matcher(grep);
  const from = since === undefined ? Number.NEGATIVE_INFINITY : timeOf(since, now);
  return (begun) => {
    let recent = begun >= from;
    return (line) => {
      if (line.time !== undefined) recent = latest(line) >= from;
      return recent && matches(line.text);
    };
  };
}

/** A stamp without a zone is in UTC or in this machine's zone: which one, nobody can tell, so that the later one counts. */
function latest({ time = 0, zoneless }: LogLine): number {
  return zoneless ? Math.max(time, time + new Date(time).getTimezoneOffset() * 60_000) : time;
}

function matcher(pattern: string): (text: string) => boolean {
  const plain = !/[\\^$.*+?()[\]{}|]/.test(pattern);
  const anyCase = pattern === pattern.toLowerCase();
  if (plain && !anyCase) return (text) => text.includes(pattern);
  let expression: RegExp;
  try {
    expression = new RegExp(pattern, anyCase ? 'iu' : 'u');
  } catch (error) {
    const why = error instanceof Error ? error.message.replace(/^.*: /, '') : String(error);
    throw new DynSlurmError(
      'usage',
      `--grep: '${pattern}' is not a valid regular expression (${why.toLowerCase()})`,
      {
        hint: `to search for the text itself, write '${pattern.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')}'`,
      },
    );
  }
  return (text) => expression.test(text);
}

/** Milliseconds. */
function timeOf(text: string, now: Date): number {
  const seconds = /^\d+$/.test(text) ? undefined : parseDuration(text.replace(/ ago$/, ''));
  if (seconds !== undefined && !/^\d+:/.test(text)) return now.getTime() - seconds * 1000;
  const clock = /^([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?$/.exec(text);
  if (clock) {
    const [hours = 0, minutes = 0, whole = 0] = clock.slice(1).map((part) => Number(part ?? 0));
    const today = new Date(now);
    today.setHours(hours, minutes, whole, 0);
    // Half past eleven, asked for at one at night, was yesterday.
    return today > now ? today.getTime() - 86_400_000 : today.getTime();
  }
  const time = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text.replace(' ', 'T')) : Number.NaN;
  if (!Number.isNaN(time)) return time;
  throw new DynSlurmError('usage', `--since: cannot parse '${text}' as a time`, {
    hint: 'write how long ago (30s, 10m, 2h), a time of day (14:05), or a date and time (2025-11-24T14:05, local time unless a zone is given)',
  });
}
