import { join } from 'node:path/posix';
import { DynSlurmError } from '../../errors.ts';
import { movedPorts } from '../../observe/service/moved-ports.ts';
import {
  type PlannedService,
  placesOf,
  readPlannedService,
  type WorkerPlace,
} from '../../observe/service/places.ts';
import { readRunLog } from '../../run/event-log.ts';
import { stateAfter } from '../../run/state.ts';
import type { FoundRun } from '../run/lookup.ts';

/** A service that runs: its workers, and where its attempt keeps its files. */
export interface Serving {
  readonly planned: PlannedService;
  readonly workers: readonly WorkerPlace[];
  /** Absolute. */
  readonly attemptDir: string;
}

/** @throws DynSlurmError `usage` where the service of a run is not ready, or not any more */
export async function servingOf({ run, connection: { host } }: FoundRun): Promise<Serving> {
  const [{ events }, planned] = await Promise.all([readRunLog(host, run), readPlannedService(host, run)]);
  const { bound, ready, started, teardown, requeued, verdict } = stateAfter(events);
  if (verdict) {
    throw new DynSlurmError('usage', `run ${run.id} has ended: ${verdict.reason}`, {
      hint: '`dyn-slurm status` shows which runs go on',
    });
  }
  if (!ready || teardown || requeued || !bound || !planned) {
    throw new DynSlurmError('usage', `run ${run.id} is not ready`, {
      hint: `see \`dyn-slurm watch ${run.id}\``,
    });
  }
  const since = events.slice(events.findLastIndex(({ kind }) => kind === 'job-started') + 1);
  const moved = since.reduce(movedPorts, new Map<number, number>() as ReadonlyMap<number, number>);
  const dir = await host.resolve(run.dir);
  const attempt = started?.attempt ?? 0;
  return {
    planned,
    workers: placesOf(planned, bound.nodes, moved).workers,
    attemptDir: attempt === 0 ? dir : join(dir, 'attempts', String(attempt)),
  };
}
