import { nearest } from '../../../config/text/suggestion.ts';
import { DynSlurmError } from '../../../errors.ts';
import { readRunState } from '../../../run/event-log.ts';
import { readPlan } from '../../../run/plan-file.ts';
import { type SessionState, type SessionStep, sessionState } from '../../../run/session-state.ts';
import type { RunState } from '../../../run/state.ts';
import type { FoundRun } from '../cluster/connect.ts';
import { isOf } from '../log-files.ts';
import { isSession, type Session, type Steered } from './lookup.ts';

/** A session as its log tells. */
export interface SessionNow extends SessionState {
  readonly run: RunState;
}

/** @throws DynSlurmError `usage` where the run has ended. */
export async function liveSession(session: Steered): Promise<SessionNow> {
  const now = await sessionNow(session);
  const { verdict } = now.run;
  if (verdict === undefined) return now;
  throw new DynSlurmError(
    'usage',
    `${isSession(session) ? 'session' : 'run'} ${session.run.id} has ended: ${verdict.reason}`,
    { hint: 'see the others with `dyn-slurm status`' },
  );
}

/** The hosts of a session by the plan's index; in Slurm's order until the session has given them their indices. */
export function hostsByIndex({ job }: Session, { run: { bound } }: SessionNow): readonly string[] {
  return bound
    ? bound.nodes.toSorted((a, b) => a.index - b.index).map(({ host }) => host)
    : job.session.hosts;
}

export async function sessionNow({ run, connection }: FoundRun): Promise<SessionNow> {
  const state = await readRunState(connection.host, run);
  return { ...sessionState(state, await readPlan(connection.host, run)), run: state };
}

/**
 * The steps that words name, in their order: `decode-0`, or, in launch order, `decode` for all of its kind and `workers` for
 * all workers.
 * @throws DynSlurmError `usage`
 */
export function stepsNamed(words: readonly string[], steps: readonly SessionStep[]): readonly SessionStep[] {
  const named = new Set<SessionStep>();
  for (const word of words) {
    const fitting = steps.filter(
      ({ name, kind }) => isOf(name, word) || (word === 'workers' && kind === 'worker'),
    );
    if (fitting.length === 0) throw unknownStep(word, steps);
    for (const step of fitting) named.add(step);
  }
  return [...named];
}

function unknownStep(word: string, steps: readonly SessionStep[]): DynSlurmError {
  const names = steps.map(({ name }) => name);
  const near = nearest(word, [...names, ...steps.flatMap(({ role }) => role ?? []), 'workers']);
  const suggestion = near === undefined ? '' : `; did you mean ${near}?`;
  return new DynSlurmError('usage', `there is no step ${word} in this run${suggestion}`, {
    hint: `its steps are ${names.join(', ')}; \`workers\` stands for all workers`,
  });
}
