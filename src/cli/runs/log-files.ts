import { DynSlurmError } from '../../errors.ts';
import { JOB_LOG, listLogs } from '../../observe/log-file.ts';
import { readPlan } from '../../run/plan-file.ts';
import type { World } from '../world.ts';
import type { FoundRun } from './cluster/connect.ts';
import { type LookupOptions, lookUpRuns, onlyOfGroup, pick, pickAtDistance } from './lookup.ts';
import { newestMeant } from './newest.ts';

/** Whether a step is the one that a word names, or one of its kind: `prefill` stands for `prefill-0` and the others. */
export function isOf(step: string, word: string | undefined): boolean {
  return step === word || step.startsWith(`${word}-`);
}

/** The words after `logs`. */
export interface LogsQuery {
  readonly first?: string | undefined;
  readonly second?: string | undefined;
}

export interface FoundLogs {
  readonly found: FoundRun;
  /** Undefined: all steps. */
  readonly step: string | undefined;
}

/**
 * Tells RUN and WORKER apart: two words are a run and a step of it, in either order; one word is a run if it names one,
 * and else a step of the newest run. A word that is both is refused. @throws DynSlurmError `usage`
 */
export async function findLogs(
  { first, second }: LogsQuery,
  options: LookupOptions,
  world: World,
): Promise<FoundLogs> {
  const runs = await lookUpRuns(options, world);
  // A word may be a run, and then it does not matter which one is the newest.
  const quiet = first === undefined ? world : { ...world, err: { write: () => {} } };
  const latest = await newestMeant(runs, 'shown', quiet);
  if (first === undefined) {
    if (latest === undefined) throw new DynSlurmError('usage', 'there are no runs yet');
    return { found: latest, step: undefined };
  }
  const steps = second === undefined && latest !== undefined ? await stepNames(latest) : [];
  const isStep = steps.some((step) => isOf(step, first));
  const named =
    (await pick(runs, first, world)) ??
    (isStep ? undefined : (onlyOfGroup(runs, first) ?? (await pickAtDistance(first, options, world))));
  if (second !== undefined) {
    if (named) return { found: named, step: await knownStep(named, second) };
    const other = (await pick(runs, second, world)) ?? onlyOfGroup(runs, second);
    if (other) return { found: other, step: await knownStep(other, first) };
  }
  if (named && latest && isStep) {
    throw new DynSlurmError(
      'usage',
      `${first} is both a step of the newest run and the start of run id ${named.run.id}`,
      { hint: `write \`logs ${latest.run.id} ${first}\`, or \`logs ${named.run.id}\`` },
    );
  }
  if (named) return { found: named, step: undefined };
  if (latest && isStep) return { found: latest, step: first };
  if (latest === undefined || second !== undefined) {
    throw new DynSlurmError('usage', `there is no run ${first}`, {
      hint: 'see the runs with `dyn-slurm status`',
    });
  }
  throw new DynSlurmError(
    'usage',
    `${first} is neither a run nor a step of the newest run, ${latest.run.id}`,
    {
      hint: `its steps are ${steps.join(', ')}; see the runs with \`dyn-slurm status\``,
    },
  );
}

async function knownStep(found: FoundRun, step: string): Promise<string> {
  const names = await stepNames(found);
  if (names.some((name) => isOf(name, step))) return step;
  throw new DynSlurmError('usage', `run ${found.run.id} has no step ${step}`, {
    hint: `its steps are ${names.join(', ')}`,
  });
}

/** The planned steps, and those that have a log. */
async function stepNames({ run, connection: { host } }: FoundRun): Promise<readonly string[]> {
  const outline = await readPlan(host, run);
  const logged = await listLogs(host, run, outline);
  const planned = (outline?.steps ?? []).map(({ name }) => name);
  return [...new Set([...planned, ...logged.map(({ step }) => step), JOB_LOG])];
}
