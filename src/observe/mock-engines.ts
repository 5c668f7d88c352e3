import type { ObservedEvent } from '../run/events.ts';
import type { SubmittedJob } from '../run/folder.ts';

/** The cluster profile whose Slurm is the stand-in on this machine. */
export const LOCAL = 'local';

/** What every view and export writes beside figures of mock engines. */
export const MOCK_MARK = 'MOCK';

/**
 * Whether mock engines serve a run: then its figures say nothing about GPUs, and every view of them says MOCK. The stand-in
 * has no other engines unless job.json says so; elsewhere the job says so when it is ready, from what its workers' logs begin
 * with.
 */
export function hasMockEngines(
  job: SubmittedJob | undefined,
  events: Iterable<ObservedEvent | undefined>,
): boolean {
  if (job?.cluster === LOCAL && job.engine === undefined) return true;
  for (const event of events) if (event?.kind === 'ready' && event.engines === 'mock') return true;
  return false;
}
