import type { JobConfig } from '../schema/job-schema.ts';
import { ROLES } from '../schema/role.ts';
import { keyWarning, type Problem } from '../yaml/problem.ts';
import { hasRole } from './flag-renames.ts';

/**
 * The job without the helpers that its release no longer has, because Dynamo does their work itself: those of a
 * topology go silently, for it says so, and those that the config asks for with a warning.
 */
export function withoutRetiredRoles<T extends JobConfig>(
  job: T,
  asked: (role: string) => boolean,
): { readonly job: T; readonly problems: readonly Problem[] } {
  const retired = ROLES.filter((role) => job[role] !== undefined && !hasRole(role, job.dynamo.version));
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
