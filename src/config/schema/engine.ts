import * as z from 'zod';

export const engine = z.strictObject({
  version: z
    .string()
    .regex(/^\d{1,4}\.\d{1,4}\.\d{1,4}((\.post|rc)\d{1,3})?$/, 'write a release of SGLang as "0.5.21"')
    .optional()
    .meta({ examples: ['0.5.21', '0.5.10.post1'] })
    .describe(
      'Release of SGLang in the image; it decides spellings of arguments, and which ones are known. Default: the one that `dynamo.version` asks for, 0.5.21 for 1.6.1.',
    ),
});
