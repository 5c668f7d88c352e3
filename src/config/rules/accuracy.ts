import { suiteOf } from '../schema/accuracy.ts';
import type { BenchConfig } from '../schema/bench.ts';
import { error, keyError, type Problem } from '../yaml/problem.ts';

/** What a benchmark needs that asks questions, and what one cannot use that does nothing else. */
export function* checkAccuracy(bench: BenchConfig): Generator<Problem> {
  const { type, accuracy } = bench;
  if (type === 'accuracy') yield* checkAlone(bench);
  if (accuracy === undefined) return;
  if (type === 'builtin')
    yield keyError(
      ['bench', 'accuracy'],
      'has no effect: it runs in the job, but type builtin runs on the machine of `dyn-slurm bench`',
      'use a type that runs in the job, or type accuracy in a config of its own',
    );
  if (accuracy.dataset === undefined && suiteOf(accuracy.suite).dataset === undefined)
    yield error(
      ['bench', 'accuracy', 'dataset'],
      accuracy.suite === 'custom'
        ? 'is missing: suite custom has no questions of its own'
        : `is missing: dyn-slurm knows no file from which the questions of ${accuracy.suite} can be downloaded`,
      'set it to a file with one question a line, such as {"question": "What is 6 x 7?", "answer": "42"}',
    );
}

const OF_LOADS = ['command', 'isl', 'osl', 'concurrencies', 'requests', 'random_range_ratio'] as const;

function* checkAlone(bench: BenchConfig): Generator<Problem> {
  if (bench.accuracy === undefined)
    yield error(
      ['bench', 'accuracy'],
      'is missing: type accuracy asks its questions',
      'set it, such as accuracy: {suite: gsm8k, threshold: 0.9}',
    );
  for (const key of OF_LOADS)
    if (bench[key] !== undefined)
      yield keyError(
        ['bench', key],
        'has no effect: type accuracy generates no load',
        'remove it, or choose the type of a load generator: accuracy is then measured before it',
      );
}
