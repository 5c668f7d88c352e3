import * as z from 'zod';
import { duration } from './duration.ts';
import { count, directive } from './fields.ts';

/** Options that the renderer sets itself, or that change what sbatch does; as extra directives they would contradict it. */
const MANAGED_DIRECTIVES = [
  'job-name',
  'nodes',
  'ntasks',
  'ntasks-per-node',
  'time',
  'account',
  'partition',
  'output',
  'error',
  'chdir',
  'export',
  'propagate',
  'signal',
  'open-mode',
  'parsable',
  'array',
  'wrap',
  'wait',
  'test-only',
  'qos',
  'reservation',
  'constraint',
  'segment',
  'exclusive',
  'requeue',
  'no-requeue',
  'comment',
  'no-kill',
] as const;

const directives = z
  .record(
    z
      .string()
      .regex(/^[a-z][a-z0-9-]+$/, 'is no option of sbatch: write its long name, without leading dashes'),
    z
      .union([directive, z.int(), z.literal(true)], { error: 'must be text, a whole number, or true' })
      .meta({ title: 'text, whole number or true' })
      .describe('An option of sbatch by its long name; true for one without a value.'),
  )
  .superRefine((given, context) => {
    for (const key of Object.keys(given)) {
      // sbatch reads its options with getopt_long, which takes any unique beginning of a name.
      const managed = MANAGED_DIRECTIVES.find((option) => option.startsWith(key));
      if (managed === undefined) continue;
      const message = `is ${key === managed ? '' : `short for ${managed}, which is `}set by dyn-slurm itself`;
      context.addIssue({ code: 'custom', path: [key], message, params: { at: 'key' } });
    }
  });

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
    .meta({ examples: [{ 'mail-type': 'END,FAIL', contiguous: true }] })
    .describe('Further `#SBATCH` options by their long names; true for one without a value. Default: none.'),
});
