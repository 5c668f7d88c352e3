import * as z from 'zod';
import { duration } from './duration-schema.ts';
import { count, directive } from './fields.ts';

/** Text that becomes one quoted word of an `#SBATCH` line. */
const directiveValue = z
  .string()
  .min(1, 'must not be empty')
  .refine((value) => !/[\u0000-\u001f\u007f]/.test(value), {
    error: ({ input }) =>
      /[\r\n]/.test(String(input))
        ? 'must not hold a line break, which no #SBATCH line can carry; `>-` folds the lines of a text into one'
        : 'must not hold control characters',
  });

const directives = z.record(
  z.string().regex(/^[a-z][a-z0-9-]+$/, {
    error: ({ input }) =>
      String(input).startsWith('-')
        ? 'write the option without its leading dashes'
        : 'is no option of sbatch: write its long name, in small letters and with dashes',
  }),
  z
    .union([directiveValue, z.int(), z.literal(true)], { error: 'must be text, a whole number, or true' })
    .meta({ title: 'text, whole number or true' })
    .describe(
      'An option of sbatch by its long name; true for one without a value. Text may hold what sbatch reads in quotes, such as JSON. Lists (`gres`, `licenses`, `constraint`, …) are joined with what dyn-slurm asks for.',
    ),
);

export const slurm = z.strictObject({
  account: directive.describe('Account to charge (`--account`). Default: the cluster profile’s `account`.'),
  partition: directive.describe(
    'Partition to wait in (`--partition`). Default: the cluster profile’s `partition`.',
  ),
  time: duration
    .meta({ examples: ['4h', '90m', '1-12:00:00'] })
    .describe('Time limit of the job (`--time`), as 90m, 4h, 1h30m, 2d or Slurm’s 1-12:00:00. Required.'),
  qos: directive.optional().describe('Quality of service (`--qos`). Default: the account’s.'),
  reservation: directive.optional().describe('Reservation to run in (`--reservation`). Default: none.'),
  constraint: directive
    .optional()
    .meta({ examples: ['h100&ib'] })
    .describe('Features that the nodes must have (`--constraint`). Default: none.'),
  segment: count
    .optional()
    .describe(
      'Number of nodes that must lie in one NVLink rack (`--segment`, Slurm 24.05 and later). Default: anywhere.',
    ),
  exclusive: z
    .boolean()
    .default(true)
    .describe(
      'Whole nodes only (`--exclusive --mem=0`). Without it, other users of a node can reach etcd and NATS. Default: true.',
    ),
  requeue: z
    .boolean()
    .default(false)
    .describe(
      'Let Slurm start the job again after a preemption or the failure of a node (`--requeue`); each attempt starts anew. Default: false.',
    ),
  directives: directives
    .default({})
    .meta({ examples: [{ 'mail-type': 'END,FAIL', gres: 'nvme:1000', contiguous: true }] })
    .describe(
      'Further `#SBATCH` options by their long names; true for one without a value. `comment` keeps what is written here, and dyn-slurm adds a mark by which it finds the job. Default: none.',
    ),
});
