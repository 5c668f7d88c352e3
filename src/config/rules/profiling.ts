import { atLeast } from '../compat/release.ts';
import type { JobConfig } from '../schema/job-schema.ts';
import { error, keyError, type Problem } from '../yaml/problem.ts';

/** First release whose workers can be asked for a profile: https://github.com/ai-dynamo/dynamo/pull/4617 */
const SINCE = '0.8';

/** The roles under a profiler are there, and can be asked. */
export function* checkProfiling(job: JobConfig): Generator<Problem> {
  const { profile, dynamo } = job;
  if (profile === undefined) return;
  for (const [index, role] of profile.roles.entries()) {
    if (job[role] !== undefined) continue;
    yield error(['profile', 'roles', index], `is not a role of this config, which has no \`${role}\``);
  }
  if (!atLeast(dynamo.version, SINCE)) {
    yield keyError(
      ['profile'],
      `workers of Dynamo ${dynamo.version} cannot be profiled`,
      `remove it; profiling requires Dynamo ${SINCE} or later`,
    );
  }
}
