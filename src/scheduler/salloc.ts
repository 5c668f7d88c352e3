import { jobComment } from './job-comment.ts';
import { asJobId, type JobId } from './job-id.ts';
import type { GivenOptions } from './scheduler.ts';

/** Options of a job script that salloc does not know. `--signal=B:` names the batch shell, which an allocation lacks. */
const BATCH_ONLY = new RegExp(
  '^--(array|batch|chdir|error|export|export-file|ignore-pbs|input|kill-on-invalid-dep|no-requeue|open-mode|output' +
    '|parsable|propagate|requeue|signal|test-only|wait|wrap)(=|$)',
);

/**
 * Takes what the directives of a run's job.sbatch (without `#SBATCH`) ask for, and ends once the nodes are there. A later
 * option of the same name wins, so `more` overrides.
 */
export function allocateCommand(
  run: { readonly id: string },
  directives: readonly string[],
  { comment, ...others }: GivenOptions = {},
  more: readonly string[] = [],
): readonly string[] {
  const given = Object.entries(others).map(([name, value]) => `--${name}=${value}`);
  const options = [...directives, ...given].filter((option) => !BATCH_ONLY.test(option));
  return ['salloc', '--no-shell', `--comment=${jobComment(run.id, comment)}`, ...options, ...more];
}

/** What salloc has told on stderr so far. */
export interface AllocationWords {
  /** The job, as soon as it waits or is granted. */
  readonly job?: JobId;
  readonly granted: boolean;
  /** The allocation is gone before it could be used: cancelled, or salloc was told to end. */
  readonly withdrawn: boolean;
}

/** Other lines, such as a greeting or a site's own words, are passed over. */
export function parseAllocation(stderr: string): AllocationWords {
  const [, verb, number = ''] = [...stderr.matchAll(NAMED)].at(-1) ?? [];
  const job = asJobId(number);
  return {
    ...(job !== undefined && { job }),
    granted: verb === 'Granted',
    withdrawn: WITHDRAWN.test(stderr),
  };
}

const NAMED = /^salloc: (Pending|Granted) job allocation (\d+)/gm;
/** `salloc: Job allocation 4242 has been revoked.` */
const WITHDRAWN = /^salloc: Job (.* )?(has been (cancelled|revoked)|aborted due to signal)/m;
