import * as z from 'zod';
import { parseDuration } from '../text/duration.ts';

const FORMS = 'write a duration as 90m, 4h, 1h30m, 2d or 1-12:00:00';

/** A span of time, as text; seconds once read. Bare `1:30` is refused because Slurm reads it as minutes and seconds. */
export const duration = z
  .string()
  .refine((value) => (parseDuration(value) ?? 0) > 0, { error: ({ input }) => fault(String(input)) })
  .meta({
    title: 'duration',
    // For editors, which cannot ask `parseDuration`.
    pattern: '^((\\d+d)?(\\d+h)?(\\d+m)?(\\d+s)?|\\d+:\\d\\d:\\d\\d|\\d+-\\d+(:\\d\\d){0,2})$',
  })
  .transform((value) => parseDuration(value) ?? 0);

function fault(value: string): string {
  if (/^\d{1,3}:\d{2}$/.test(value))
    return `hours or minutes? Slurm reads ${value} as minutes and seconds; ${FORMS}`;
  if (parseDuration(value) === 0) return `must be longer than zero; ${FORMS}`;
  return FORMS;
}
