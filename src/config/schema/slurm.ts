import * as z from 'zod';
import { count, directive, duration } from './fields.ts';

/** Text that becomes one quoted word of an `#SBATCH` line. */
const directiveValue = z
  .string()
  .min(1, 'must not be empty')
  .refine((value) => !/[\u0000-\u001f\u007f]/.test(value), {
    error: ({ input }) =>
      /[\r\n]/.test(String(input))
        ? 'must not contain a line break, which an #SBATCH line cannot contain; `>-` folds the lines of a text into one'
        : 'must not contain control characters',
  });

const directives = z.record(
  z.string().regex(/^[a-z][a-z0-9-]+$/, {
    error: ({ input }) =>
      String(input).startsWith('-')
        ? 'write the option without its leading dashes'
        : 'is not an sbatch option: write its long name, in lowercase and with dashes',
  }),
  z
    .union([directiveValue, z.int(), z.literal(true)], { error: 'must be text, a whole number, or true' })
    .meta({ title: 'text, whole number or true' })
    .describe(
      'An sbatch option by its long name; true for an option without a value. A text may contain anything that sbatch accepts in quotes, such as JSON. Lists (`gres`, `licenses`, `constraint`, …) are joined with what dyn-slurm requests.',
    ),
);

const srunOptions = z.record(
  z.string().regex(/^[a-z][a-z0-9-]+$/, {
    error: ({ input }) =>
      String(input).startsWith('-')
        ? 'write the option without its leading dashes'
        : 'is not an srun option: write its long name, in lowercase and with dashes',
  }),
  z
    .union([directiveValue, z.int(), z.literal(true)], { error: 'must be text, a whole number, or true' })
    .meta({ title: 'text, whole number or true' })
    .describe('An srun option by its long name; true for an option without a value.'),
);

export const slurm = z.strictObject({
  account: directive,
  partition: directive,
  time: duration,
  qos: directive.optional(),
  reservation: directive.optional(),
  constraint: directive.optional(),
  segment: count.optional(),
  exclusive: z.boolean().default(true),
  requeue: z.boolean().default(false),
  directives: directives.default({}),
  srun: srunOptions.default({}),
});
