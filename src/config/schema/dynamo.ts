import * as z from 'zod';
import { mountablePath, text } from './fields.ts';

export const dynamo = z.strictObject({
  version: z
    .string()
    .regex(/^\d{1,4}\.\d{1,4}\.\d{1,4}$/, 'write a release of Dynamo as "1.6.1"')
    .default('1.6.1')
    .meta({ examples: ['1.6.1', '0.4.1'] })
    .describe(
      'Dynamo release in the image, as text. It determines module names and flag spellings. Default: 1.6.1.',
    ),
  namespace: z
    .string()
    .regex(/^[A-Za-z0-9_-]+$/, 'use letters, digits, dashes and underscores')
    .default('dynamo')
    .describe('Dynamo namespace of all workers. Default: dynamo.'),
  migration_limit: z
    .int()
    .min(0)
    .optional()
    .describe(
      "Maximum number of times that a request is moved to another worker after its own fails or is restarted, 0 or more. Default: 3; before Dynamo 1.0, 3 if a role may restart or is not critical, else Dynamo's, 0.",
    ),
  tool_call_parser: text
    .optional()
    .meta({ examples: ['deepseek_v3', 'hermes'] })
    .describe("Parser for tool calls in the model's output. Default: none."),
  reasoning_parser: text
    .optional()
    .meta({ examples: ['deepseek_r1', 'qwen3'] })
    .describe("Parser for reasoning in the model's output. Default: none."),
  custom_jinja_template: mountablePath
    .optional()
    .describe("Chat template, a file on the nodes. Default: the model's own."),
  sglang_tokenizer: z
    .boolean()
    .optional()
    .describe("Whether to tokenize in SGLang instead of the frontend. Default: Dynamo's, the frontend."),
});
