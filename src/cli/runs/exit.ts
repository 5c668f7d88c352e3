import { EXIT } from '../../errors.ts';
import type { RunState } from '../../run/state.ts';

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
