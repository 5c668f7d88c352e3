import { count } from '../config/text/plural.ts';
import { error, type Problem, warning } from '../config/yaml/problem.ts';
import type { ConfigPath } from '../config/yaml/source-range.ts';
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
  yield sizeProblem(
    worker,
    sizes,
    `${product(worker, sizes, factors)} needs ${count(busy, 'GPU')}, but each ${role} worker has ${gpus}`,
    busy > gpus
      ? 'lower a size, or give each worker more nodes or GPUs'
      : 'raise a size, or give each worker fewer GPUs with gpus_per_worker',
  );
}

/** A warning that a worker has more GPUs than these sizes take. */
export function idleGpus(worker: SizedWorker, sizes: readonly Size[], factors: readonly string[]): Problem {
  return warning(blamed(worker, sizes), `${product(worker, sizes, factors)} ${idleUse(worker)}`);
}

export function idleUse({ role, gpus, busy }: SizedWorker): string {
  return `uses ${busy} of the ${gpus} GPUs of each ${role} worker; ${gpus - busy} stay idle`;
}

/** An error about sizes, at the first of them that is given. */
export function sizeProblem(
  worker: SizedWorker,
  sizes: readonly Size[],
  message: string,
  hint: string,
): Problem {
  return error(blamed(worker, sizes), message, hint);
}

function blamed({ role, config }: SizedWorker, sizes: readonly Size[]): ConfigPath {
  const given = sizes.find((size) => config[size] !== undefined);
  return given === undefined ? [role] : [role, given];
}

function product(worker: SizedWorker, sizes: readonly Size[], factors: readonly string[]): string {
  const given = sizes.flatMap((size) =>
    size === 'tp' || worker[size] > 1 ? [`${size} ${worker[size]}`] : [],
  );
  return [...given, ...factors].join(' × ');
}
