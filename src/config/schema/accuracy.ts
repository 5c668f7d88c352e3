import * as z from 'zod';
import { count, text } from './fields.ts';

const PUBLISHED = 'https://openaipublic.blob.core.windows.net/simple-evals';

interface Suite {
  /** The address at which its questions are published; undefined if dyn-slurm knows no file. */
  readonly dataset?: string;
  /** Questions that are asked; undefined for all. */
  readonly samples?: number;
  /** Worked examples before each question. */
  readonly shots: number;
  /** Longest answer in tokens, with the thoughts of a reasoning model. */
  readonly maxTokens: number;
}

/** Sets of questions, and how they are asked where a config does not say. Only `custom` is not a published one. */
export const SUITES = {
  gsm8k: {
    dataset:
      'https://raw.githubusercontent.com/openai/grade-school-math/master/grade_school_math/data/test.jsonl',
    shots: 5,
    maxTokens: 16_384,
  },
  gpqa: { dataset: `${PUBLISHED}/gpqa_diamond.csv`, shots: 0, maxTokens: 32_768 },
  mmlu: { dataset: `${PUBLISHED}/mmlu.csv`, samples: 200, shots: 0, maxTokens: 2048 },
  aime: { shots: 0, maxTokens: 24_576 },
  longbenchv2: { shots: 0, maxTokens: 16_384 },
  custom: { shots: 0, maxTokens: 16_384 },
} as const satisfies Readonly<Record<string, Suite>>;

export type SuiteName = keyof typeof SUITES;

export const suiteOf = (name: SuiteName): Suite => SUITES[name];

/** A file on the nodes, or an address that they reach. */
const dataset = text.regex(/^(\/|https?:\/\/)[^:,]*(:\d+\/[^:,]*)?$/, {
  error: 'write the absolute path of a file on the nodes, or an http or https URL; without "," and ":"',
});

/** Questions with known answers, which tell whether the service answers right. */
export const accuracy = z.strictObject({
  suite: z.enum(Object.keys(SUITES) as [SuiteName, ...SuiteName[]]),
  threshold: z.number().min(0).max(1).optional(),
  dataset: dataset.optional(),
  samples: count.optional(),
  shots: z.int().min(0).optional(),
  max_tokens: count.optional(),
  repeat: count.default(1),
  concurrency: z.int().min(1).max(4096).default(128),
  temperature: z.number().min(0).optional(),
  top_p: z.number().gt(0).max(1).optional(),
  top_k: z.int().min(-1).optional(),
});

export type AccuracyConfig = z.output<typeof accuracy>;
