import { asJobId, type JobId } from './job-id.ts';

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
