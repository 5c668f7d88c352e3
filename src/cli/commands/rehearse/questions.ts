import { join } from 'node:path';
import type { BenchConfig } from '../../../config/schema/bench.ts';
import type { SourceFile } from '../../../config/yaml/parse.ts';
import type { World } from '../../world.ts';

/** Tokens of an answer: a mock engine writes all that it may. */
const LONGEST = 32;

/**
 * What comes over a config that asks questions, in a rehearsal: a few made-up ones in place of a data set that this machine
 * may not have, with short answers.
 */
export function rehearsedQuestions(
  bench: BenchConfig | undefined,
  { packageRoot }: World,
): SourceFile | undefined {
  if (bench?.accuracy === undefined) return undefined;
  const dataset = join(packageRoot, 'rehearsal/questions.jsonl');
  const accuracy = { dataset, samples: null, shots: 1, max_tokens: LONGEST, repeat: null, concurrency: 4 };
  return { file: '<rehearsal>', text: `bench:\n  accuracy: ${JSON.stringify(accuracy)}\n` };
}
