import * as z from 'zod';
import { text } from './fields.ts';
import { ROLES } from './role.ts';

/** Workers that are launched under a profiler, which then waits until it is asked. */
export const profiling = z.strictObject({
  tool: z
    .literal('nsys', { error: 'write nsys; the profiler of torch needs nothing here' })
    .default('nsys')
    .describe(
      'Profiler: `nsys`, which must be installed in the image, or on the nodes if there is none. Default: nsys.',
    ),
  roles: z
    .array(z.enum(ROLES))
    .min(1)
    .meta({ examples: [['decode']] })
    .describe('Roles whose workers run under the profiler. Required.'),
  flags: z
    .array(text)
    .default([])
    .meta({ examples: [['--gpu-metrics-devices=all']] })
    .describe("Additional words for `nsys profile`, before the worker's command. Default: none."),
});
