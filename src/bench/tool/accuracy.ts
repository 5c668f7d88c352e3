import { z } from 'zod';
import { fields, number, parseJson, read, text } from '../../run/lenient.ts';

/** How many of the questions with known answers were answered right. */
export interface BenchAccuracy {
  readonly suite: string;
  readonly threshold?: number;
  /** False where the score is below the threshold, except with mock engines; the whole benchmark is then invalid. */
  readonly valid: boolean;
  /** Right answers as a fraction of all. */
  readonly score: number;
  /** 95 % confidence interval of the score, by Wilson, over the questions. */
  readonly low: number;
  readonly high: number;
  readonly questions: number;
  /** Questions by how often each was asked. */
  readonly answers: number;
  readonly correct: number;
  /** Answers that say nothing, or nothing that can be read; they are wrong. */
  readonly unanswered: number;
  /** Requests that failed; they are wrong, too. */
  readonly failed: number;
  /** The error of the first request that failed. */
  readonly error?: string;
  readonly outputTokens: number;
  readonly seconds: number;
  /** RFC 3339. */
  readonly started?: string;
  readonly ended?: string;
}

/** result.json of accuracy.py. */
const counted = fields(
  {
    schema: z.literal('dyn-slurm/accuracy/1'),
    questions: number,
    answers: number,
    correct: number,
    unanswered: number,
    failed: number,
    outputTokens: number,
    seconds: number,
  },
  { error: text },
);

export type Counted = z.output<typeof counted>;

export function readCounted(written: string): Counted | undefined {
  return read(counted, parseJson(written));
}
