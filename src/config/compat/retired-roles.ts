import type { JobConfig } from '../schema/job-schema.ts';
import { ROLES, type Role } from '../schema/role.ts';
import { keyWarning, type Problem } from '../yaml/problem.ts';
import { atLeast } from './release.ts';

/** Releases from which on Dynamo does itself what these helpers did: its frontend talks to encoders and routes prefill. */
const HELPED_UNTIL: Readonly<Partial<Record<Role, string>>> = { processor: '1.1', router: '0.8' };

/**
 * The job without the helpers that its release no longer has, because Dynamo does their work itself: those of a
 * topology go silently, for it says so, and those that the config asks for with a warning.
 */
export function withoutRetiredRoles<T extends JobConfig>(
  job: T,
  asked: (role: string) => boolean,
): { readonly job: T; readonly problems: readonly Problem[] } {
  const retired = ROLES.filter((role) => {
    const until = HELPED_UNTIL[role];
    return job[role] !== undefined && until !== undefined && atLeast(job.dynamo.version, until);
  });
  const left = Object.entries(job).filter(([key]) => !retired.some((role) => role === key));
  const problems = retired
    .filter(asked)
    .map(
      (role): Problem =>
        keyWarning(
          [role],
          `Dynamo ${job.dynamo.version} does the work of a ${role} itself; none is started`,
          'remove it, or set dynamo.version to the release in your image',
        ),
    );
  return { job: Object.fromEntries(left) as T, problems };
}
