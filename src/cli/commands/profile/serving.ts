import { DynSlurmError } from '../../../errors.ts';
import { endpointsOf, type WorkerEndpoint } from '../../../observe/service/endpoints.ts';
import { readRunLog } from '../../../run/event-log.ts';
import { attemptDir } from '../../../run/folder.ts';
import { type PlanFile, readPlan } from '../../../run/plan-file.ts';
import { isServing, stateAfter } from '../../../run/state.ts';
import type { FoundRun } from '../../runs/cluster/connect.ts';

/** A service that runs: its workers, and where its attempt keeps its files. */
export interface Serving {
  readonly planned: PlanFile;
  readonly workers: readonly WorkerEndpoint[];
  /** Absolute. */
  readonly attemptDir: string;
}

/** @throws DynSlurmError `usage` where the service of a run is not ready, or not any more */
export async function servingOf({ run, connection: { host } }: FoundRun): Promise<Serving> {
  const [{ events }, planned] = await Promise.all([readRunLog(host, run), readPlan(host, run)]);
  const state = stateAfter(events);
  const { started, verdict } = state;
  if (verdict) {
    throw new DynSlurmError('usage', `run ${run.id} has ended: ${verdict.reason}`, {
      hint: '`dyn-slurm status` lists the running ones',
    });
  }
  const endpoints = endpointsOf(planned, state);
  if (!isServing(state) || !planned || !endpoints) {
    throw new DynSlurmError('usage', `run ${run.id} is not ready`, {
      hint: `see \`dyn-slurm watch ${run.id}\``,
    });
  }
  const dir = await host.resolve(run.dir);
  return {
    planned,
    workers: endpoints.workers,
    attemptDir: attemptDir(dir, started?.attempt),
  };
}
