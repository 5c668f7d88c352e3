import * as z from 'zod';

export const engine = z.strictObject({
  version: z
    .string()
    .regex(/^\d{1,4}\.\d{1,4}\.\d{1,4}((\.post|rc)\d{1,3})?$/, 'write a release of SGLang as "0.5.21"')
    .optional()
    .meta({ examples: ['0.5.21', '0.5.10.post1'] })
    .describe(
      'SGLang release in the image. It determines argument spellings, and which arguments are known. Default: the release that `dynamo.version` depends on, 0.5.21 for 1.6.1.',
    ),
});
