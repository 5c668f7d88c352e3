import { z } from 'zod';
import { count, directive, duration } from './fields.ts';

/** Options that the renderer sets itself; as extra directives they would contradict it. */
export const MANAGED_DIRECTIVES = [
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
  'signal',
  'open-mode',
  'parsable',
  'array',
  'wrap',
  'qos',
  'reservation',
  'constraint',
  'segment',
  'exclusive',
  'requeue',
  'no-requeue',
  'comment',
] as const;

const directives = z
  .record(
    z.string().regex(/^[a-z][a-z0-9-]*$/, 'is not an sbatch option: write its long name without dashes'),
    z.union([directive, z.int(), z.literal(true)]),
  )
  .superRefine((given, context) => {
    for (const key of Object.keys(given)) {
      if ((MANAGED_DIRECTIVES as readonly string[]).includes(key)) {
        context.addIssue({
          code: 'custom',
          path: [key],
          message: 'is set by dyn-slurm itself; use the field of that name, where there is one',
        });
      }
    }
  });

export const slurm = z.strictObject({
  account: directive.describe('Account to charge (`--account`).'),
  partition: directive.describe('Partition (`--partition`).'),
  time: duration.describe('Time limit: `4h`, `90m`, `1-12:00:00`.'),
  qos: directive.optional().describe('Quality of service (`--qos`).'),
  reservation: directive.optional().describe('Reservation (`--reservation`).'),
  constraint: directive.optional().describe('Node features (`--constraint`).'),
  segment: count
    .optional()
    .describe('Nodes that must share an NVLink rack (`--segment`, Slurm 24.05 and later).'),
  exclusive: z
    .boolean()
    .default(true)
    .describe('Whole nodes only (`--exclusive --mem=0`). Without it, other users can reach etcd and NATS.'),
  directives: directives
    .default({})
    .describe('Further `#SBATCH` options by long name; true for one without a value.'),
});
