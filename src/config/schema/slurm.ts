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

export const slurm = z.strictObject({
  account: directive.describe('Account to charge (`--account`). Default: `account` of the cluster profile.'),
  partition: directive.describe(
    'Partition to submit to (`--partition`). Default: `partition` of the cluster profile.',
  ),
  time: duration
    .meta({ examples: ['4h', '90m', '1-12:00:00'] })
    .describe("Time limit of the job (`--time`): 90m, 4h, 1h30m, 2d or Slurm's 1-12:00:00. Required."),
  qos: directive.optional().describe("Quality of service (`--qos`). Default: the account's."),
  reservation: directive.optional().describe('Reservation to run in (`--reservation`). Default: none.'),
  constraint: directive
    .optional()
    .meta({ examples: ['h100&ib'] })
    .describe('Features that the nodes must have (`--constraint`). Default: none.'),
  segment: count
    .optional()
    .describe(
      'Number of nodes that must share an NVLink rack (`--segment`, Slurm 24.05 and later). Default: no constraint.',
    ),
  exclusive: z
    .boolean()
    .default(true)
    .describe(
      'Request whole nodes (`--exclusive --mem=0`). Without it, other users of a node can reach etcd and NATS. Default: true.',
    ),
  requeue: z
    .boolean()
    .default(false)
    .describe(
      'Let Slurm restart the job after preemption or a node failure (`--requeue`). Each attempt starts from scratch. Default: false.',
    ),
  directives: directives
    .default({})
    .meta({ examples: [{ 'mail-type': 'END,FAIL', gres: 'nvme:1000', contiguous: true }] })
    .describe(
      'Additional `#SBATCH` options by their long names; true for an option without a value. dyn-slurm appends to `comment` a mark by which it finds the job. Default: none.',
    ),
});
