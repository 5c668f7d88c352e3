import type { Plan } from '../plan/plan.ts';

/** What mock engines of a plan do not do as real ones would, beyond having no model; each as a short sentence. */
export function unreal({ readiness, steps, workers }: Plan): readonly string[] {
  return [
    ...(readiness.surface === 'chat'
      ? []
      : ['answers: their numbers follow from the input, and mean nothing']),
    ...(seesImages(workers) ? ['images: they are accepted, and nothing is made of them'] : []),
    ...(steps.some(({ kind }) => kind === 'mooncake')
      ? ['Mooncake: its master is a stand-in that only listens']
      : []),
    ...(steps.some(({ mpi }) => mpi !== undefined)
      ? ['MPI: each task knows its rank, and ranks exchange nothing']
      : []),
  ];
}

/** Whether a plan has workers for images. */
export function seesImages(workers: Plan['workers']): boolean {
  return workers.some(({ role }) => role === 'encode' || role === 'processor');
}
