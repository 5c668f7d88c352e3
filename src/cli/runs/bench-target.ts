import { DynSlurmError } from '../../errors.ts';
import { readRunState } from '../../run/event-log.ts';
import type { Run } from '../../run/folder.ts';
import { isServing, type RunState } from '../../run/state.ts';
import type { World } from '../world.ts';
import type { FoundRun } from './cluster/connect.ts';
import { type Lookup, lookUpRun } from './lookup.ts';
import { SESSION_VARIABLE } from './session/lookup.ts';

/** A run that a benchmark is about, as its log tells. */
export interface BenchTarget extends FoundRun {
  readonly state: RunState;
}

/** The run that a person means; without a name the session of the prompt, else the newest that serves. */
export async function benchTarget(
  query: string | undefined,
  options: Lookup,
  world: World,
): Promise<BenchTarget> {
  const named = query ?? (world.env[SESSION_VARIABLE] || undefined);
  const found = await lookUpRun(named, { ...options, meant: options.meant ?? 'serving' }, world);
  return { ...found, state: await readRunState(found.connection.host, found.run) };
}

/** @throws DynSlurmError `usage` where a run has ended. */
export function requireLive(
  run: Run,
  { verdict }: RunState,
  hint = '`dyn-slurm status` lists the runs',
): void {
  if (verdict) throw new DynSlurmError('usage', `run ${run.id} has ended: ${verdict.reason}`, { hint });
}

/** The address of a run's service. @throws DynSlurmError `usage` before the service is ready, and after it has ended. */
export function readyService({ run, state }: BenchTarget, hint?: string): NonNullable<RunState['ready']> {
  requireLive(run, state, hint);
  if (state.ready && isServing(state)) return state.ready;
  throw notReady(run);
}

export function notReady({ id }: Run): DynSlurmError {
  return new DynSlurmError('usage', `run ${id} is not ready`, { hint: `see \`dyn-slurm watch ${id}\`` });
}
