import type { PlanWorker, Step } from './plan.ts';

/** How a bundle runs: as a batch job, or as an interactive session in an allocation. */
export type RunMode = 'job' | 'session';

/**
 * What a step's end means, see on_step_exit in templates/lib/supervise.sh: `end` of the job, `keep`, `degrade`,
 * `restart=N` or `restart=N,degrade`.
 */
export function exitPolicy(
  { kind, name }: Pick<Step, 'kind' | 'name'>,
  workers: readonly PlanWorker[],
  mode: RunMode,
): string {
  if (kind === 'monitor' || kind === 'cleanup') return 'keep';
  if (mode === 'session') {
    return kind === 'worker' || kind === 'frontend' || kind === 'nginx' || kind === 'bench' ? 'keep' : 'end';
  }
  const worker = workers.find((planned) => planned.name === name);
  if (kind !== 'worker' || worker === undefined) return 'end';
  const restart = worker.restarts === 0 ? [] : [`restart=${worker.restarts}`];
  return [...restart, ...(worker.critical ? [] : ['degrade'])].join(',') || 'end';
}
