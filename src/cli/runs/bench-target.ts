import { DynSlurmError } from '../../errors.ts';
import { readRunLog } from '../../run/event-log.ts';
import { type RunState, stateAfter } from '../../run/state.ts';
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
  const { events } = await readRunLog(found.connection.host, found.run);
  return { ...found, state: stateAfter(events) };
}

/** Where the service of a run answers. @throws DynSlurmError `usage` where it does not yet, or not any more. */
export function readyService({ run, state }: BenchTarget): NonNullable<RunState['ready']> {
  if (state.verdict) {
    throw new DynSlurmError('usage', `run ${run.id} has ended: ${state.verdict.reason}`, {
      hint: 'submit it again, and continue there with `dyn-slurm bench RUN --resume OLD-RUN`',
    });
  }
  if (state.ready && !state.teardown && !state.requeued) return state.ready;
  throw new DynSlurmError('usage', `run ${run.id} is not ready`, {
    hint: `see \`dyn-slurm watch ${run.id}\``,
  });
}
