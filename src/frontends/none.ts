import type { JobConfig } from '../config/schema/job-schema.ts';
import { error, type Problem } from '../config/yaml/problem.ts';
import { withoutDynamo } from './checks.ts';
import type { Frontend } from './frontend.ts';

/** Nothing stands before the one worker: its server has the port that clients use. */
export const none: Frontend = {
  type: 'none',
  title: 'a worker that answers clients itself',
  several: false,
  programs: () => [],
  managed: {},
  settings: (given) => given,
  check,
  ready: { live: '/health', path: '/health', counts: {} },
};

function* check(job: JobConfig): Generator<Problem> {
  const path = ['frontend', 'type'];
  const { aggregated } = job;
  if (!aggregated) {
    yield error(
      path,
      'without a frontend one aggregated worker answers clients, and this job has none',
      'add the role aggregated with one worker, or choose a frontend',
    );
  } else if (aggregated.workers > 1) {
    yield error(
      path,
      `without a frontend clients could reach one worker, and this job has ${aggregated.workers}`,
      'set aggregated.workers to 1, or choose a frontend',
    );
  }
  if (job.frontend.dedicated_nodes)
    yield error(['frontend', 'dedicated_nodes'], 'has no effect: this job has no frontend', 'remove it');
  for (const key of ['args', 'env'] as const)
    if (Object.keys(job.frontend[key]).length > 0)
      yield error(['frontend', key], 'has no effect: this job has no frontend', 'remove it');
  yield* withoutDynamo(job);
}
