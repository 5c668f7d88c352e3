import * as z from 'zod';
import { environment } from './environment.ts';
import { text } from './fields.ts';

const BENCH_TYPES = ['custom'] as const;

/** Work against the ready service, after which the job ends. */
export const bench = z.strictObject({
  type: z
    .enum(BENCH_TYPES)
    .default('custom')
    .describe('Kind of benchmark. `custom`: the command given here. Default: `custom`.'),
  command: text
    .meta({ examples: ['python3 -m sglang.bench_serving --base-url "$DYN_SLURM_URL" --num-prompts 200'] })
    .describe(
      'Bash line that runs on the head node, in the job’s container, once the service is ready. It finds DYN_SLURM_URL, DYN_SLURM_MODEL and the folder DYN_SLURM_RESULTS. The job ends with it: succeeded if its exit code is 0, else failed. Required.',
    ),
  env: environment.default({}).describe('Environment of the command. Secrets by reference only.'),
});
