import { count } from '../config/text/plural.ts';
import { error, type Problem } from '../config/yaml/problem.ts';
import type { SizedWorker } from './engine.ts';

type Size = 'tp' | 'pp' | 'dp';

/**
 * The product of these sizes, with `factors` that the worker's `busy` has beside them, as text, is the number of the
 * worker's GPUs: engines that give each GPU a rank start neither with more nor with fewer.
 */
export function* checkWorldSize(
  worker: SizedWorker,
  sizes: readonly Size[],
  factors: readonly string[] = [],
): Generator<Problem> {
  const { role, gpus, busy } = worker;
  if (busy === gpus) return;
  const product = [
    ...sizes.flatMap((size) => (size === 'tp' || worker[size] > 1 ? [`${size} ${worker[size]}`] : [])),
    ...factors,
  ].join(' × ');
  yield sizeProblem(
    worker,
    sizes,
    `${product} needs ${count(busy, 'GPU')}, but each ${role} worker has ${gpus}`,
    busy > gpus
      ? 'lower a size, or give each worker more nodes or GPUs'
      : 'raise a size, or give each worker fewer GPUs with gpus_per_worker',
  );
}

/** An error about sizes, at the first of them that is given. */
export function sizeProblem(
  { role, config }: SizedWorker,
  sizes: readonly Size[],
  message: string,
  hint: string,
): Problem {
  const given = sizes.find((size) => config[size] !== undefined);
  return error(given === undefined ? [role] : [role, given], message, hint);
}
