import { DynSlurmError } from '../../errors.ts';
import { readRunLog } from '../../observe/run-log.ts';
import { type RunState, stateAfter } from '../../observe/run-state.ts';
import { type FoundRun, type LookupOptions, lookUpRun, lookUpRuns } from '../run/lookup.ts';
import { SESSION_VARIABLE } from '../session/lookup.ts';
import type { World } from '../world.ts';

/** A run that a benchmark is about, as its log tells. */
export interface BenchTarget extends FoundRun {
  readonly state: RunState;
}

/** Runs that are looked at for one that still goes on. */
const MOST = 20;

/** The run that a person means; without a name the session of the prompt, else the newest that goes on, else the newest. */
export async function benchTarget(
  query: string | undefined,
  options: LookupOptions,
  world: World,
): Promise<BenchTarget> {
  const named = query ?? (world.env[SESSION_VARIABLE] || undefined);
  if (named !== undefined) return withState(await lookUpRun(named, options, world));
  for (const found of (await lookUpRuns(options, world)).slice(0, MOST)) {
    const target = await withState(found);
    if (target.state.verdict === undefined && target.state.ready) return target;
  }
  return withState(await lookUpRun(undefined, options, world));
}

async function withState(found: FoundRun): Promise<BenchTarget> {
  const { events } = await readRunLog(found.connection.host, found.run);
  return { ...found, state: stateAfter(events) };
}

/** Where the service of a run answers. @throws DynSlurmError `usage` where it does not yet, or not any more. */
export function readyService({ run, state }: BenchTarget): NonNullable<RunState['ready']> {
  if (state.verdict) {
    throw new DynSlurmError('usage', `run ${run.id} has ended: ${state.verdict.reason}`, {
      hint: 'submit it again, and go on there with `dyn-slurm bench RUN --resume OLD-RUN`',
    });
  }
  if (state.ready && !state.teardown && !state.requeued) return state.ready;
  throw new DynSlurmError('usage', `run ${run.id} is not ready`, {
    hint: `see \`dyn-slurm watch ${run.id}\``,
  });
}
