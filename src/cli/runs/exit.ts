import { EXIT } from '../../errors.ts';
import type { Run } from '../../run/folder.ts';
import type { RunState } from '../../run/state.ts';
import { grouped } from '../grouping.ts';

/**
 * The exit code for how a run ended; `ok` while it goes on. A service that was ready and ran into Slurm's time limit
 * did what it was for; an end that nobody knows is a matter of connection.
 */
export function exitOfRun({ verdict, ready }: RunState): number {
  if (verdict === undefined) return EXIT.ok;
  const { outcome, inferred } = verdict;
  switch (outcome) {
    case 'succeeded':
      return EXIT.ok;
    case 'timeout':
      return ready && !inferred ? EXIT.ok : EXIT.deadline;
    case 'failed':
      return EXIT.jobFailed;
    case 'deadline':
      return EXIT.deadline;
    case 'cancelled':
      return EXIT.cancelled;
    case 'unknown':
      return EXIT.connection;
    default:
      return outcome satisfies never;
  }
}

/** A run with its exit code, its benchmark counted in. */
interface EndOfRun {
  readonly run: Run;
  readonly state: RunState;
  readonly code: number;
}

/** The exit code of runs together: the first that is not `ok`. Of a run and its retries the last that has started counts. */
export function exitOfRuns(ends: readonly EndOfRun[]): number {
  const codes = grouped(ends, ({ run }) => run.job?.retryOf ?? run.id).map((chain) => {
    const attempts = chain.toSorted((a, b) => (a.run.job?.attempt ?? 1) - (b.run.job?.attempt ?? 1));
    return (attempts.findLast(({ state }) => state.started) ?? chain[0]).code;
  });
  return codes.find((code) => code !== EXIT.ok) ?? EXIT.ok;
}
