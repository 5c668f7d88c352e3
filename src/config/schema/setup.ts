import * as z from 'zod';
import { duration, text } from './fields.ts';

/** What runs where a program is about to start, before it does; a list is short for its `commands`. */
export const setup = z.strictObject({
  commands: z.array(text).optional(),
  script: text.optional(),
  deadline: duration.prefault('10m'),
  once: z.literal('node').optional(),
});

export type SetupConfig = z.output<typeof setup>;
