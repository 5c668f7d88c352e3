import { DynSlurmError } from '../../errors.ts';
import { JOB_LOG, listLogs } from '../../observe/log-file.ts';
import { readPlan } from '../../run/plan-file.ts';
import type { World } from '../world.ts';
import type { FoundRun } from './cluster/connect.ts';
import { type LookupOptions, lookUpRuns, pick, pickAtDistance } from './lookup.ts';
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
  const latest = await newestMeant(runs, 'shown', quietUnless(first === undefined, world));
  if (first === undefined) return { found: newest(latest), step: undefined };
  const named = (await pick(runs, first, world)) ?? (await elsewhere(first, second, latest, options, world));
  if (second === undefined) return oneWord(first, named, latest);
  if (named) return { found: named, step: await knownStep(named, second) };
  const other = await pick(runs, second, world);
  if (other === undefined) throw noRun(first);
  return { found: other, step: await knownStep(other, first) };
}

/** A run at a distance, unless the one word is a step of the newest run here. */
async function elsewhere(
  first: string,
  second: string | undefined,
  latest: FoundRun | undefined,
  options: LookupOptions,
  world: World,
): Promise<FoundRun | undefined> {
  const isStep =
    second === undefined &&
    latest !== undefined &&
    (await stepNames(latest)).some((step) => isOf(step, first));
  return isStep ? undefined : pickAtDistance(first, options, world);
}

async function oneWord(
  word: string,
  run: FoundRun | undefined,
  latest: FoundRun | undefined,
): Promise<FoundLogs> {
  const isStep = latest !== undefined && (await stepNames(latest)).some((step) => isOf(step, word));
  if (run !== undefined && isStep) {
    throw new DynSlurmError(
      'usage',
      `${word} is both a step of the newest run and the start of run id ${run.run.id}`,
      { hint: `write \`logs ${latest.run.id} ${word}\`, or \`logs ${run.run.id}\`` },
    );
  }
  if (run !== undefined) return { found: run, step: undefined };
  if (isStep) return { found: latest, step: word };
  if (latest === undefined) throw noRun(word);
  throw new DynSlurmError(
    'usage',
    `${word} is neither a run nor a step of the newest run, ${latest.run.id}`,
    { hint: `its steps are ${(await stepNames(latest)).join(', ')}; see the runs with \`dyn-slurm status\`` },
  );
}

/** A word may be a run, and then it does not matter which one is the newest. */
function quietUnless(needed: boolean, world: World): World {
  return needed ? world : { ...world, err: { write: () => {} } };
}

function newest(latest: FoundRun | undefined): FoundRun {
  if (latest === undefined) throw new DynSlurmError('usage', 'there are no runs yet');
  return latest;
}

function noRun(word: string): DynSlurmError {
  return new DynSlurmError('usage', `there is no run ${word}`, {
    hint: 'see the runs with `dyn-slurm status`',
  });
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
  return [
    ...new Set([
      ...(outline?.steps ?? []).map(({ name }) => name),
      ...logged.map(({ step }) => step),
      JOB_LOG,
    ]),
  ];
}
